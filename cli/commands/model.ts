// `cloudless model get JOB -o FILE`: the trained model as a safetensors file.
import { Command } from 'commander'
import { connect, type Run } from '../context.ts'
import { downloadModel } from '../download-model.ts'
import { exitCodes } from '../exit-codes.ts'
import { formatBytes } from '../units.ts'

type Options = { readonly output: string; readonly force?: true }

export function modelCommand(run: Run): Command {
  const get = new Command('get')
    .description('download the trained model (safetensors)')
    .argument('<job>', 'job id')
    .requiredOption('-o, --output <file>', 'where to write it')
    .option('--force', 'replace the file if it exists')
    .action(
      run(async (context, jobId: string, options: Options) => {
        using services = connect(context)
        const model = await downloadModel({
          jobs: services.jobs,
          jobId,
          path: options.output,
          mayReplace: options.force === true,
          output: context.output,
          signal: context.signal,
        })
        context.output.result(model, () => `${model.path}  ${formatBytes(model.bytes)}  sha256 ${model.digest}`)
        return exitCodes.ok
      }),
    )
  return new Command('model').description('trained models').addCommand(get)
}

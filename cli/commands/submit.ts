// `cloudless submit JOBFILE`: uploads the function and creates the job. Safe to repeat with the same --request-id.
import { Command } from 'commander'
import { present } from '#runtime/assert.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { followJob, strictOption } from '../follow-job.ts'
import { readJobFile } from '../job-file.ts'
import { prepareJob } from '../prepare-job.ts'
import { enumWord } from '../json.ts'

type Options = { readonly watch?: true; readonly strict?: true; readonly requestId?: string }

export function submitCommand(run: Run): Command {
  return new Command('submit')
    .description('start a job')
    .argument('<jobfile>', 'job file (YAML)')
    .option('--watch', 'show the job until it ends; the exit code says how')
    .addOption(strictOption().implies({ watch: true }))
    .option('--request-id <uuid>', 'submitting again with the same id answers with the same job')
    .action(
      run(async (context, jobFile: string, options: Options) => {
        const file = readJobFile(jobFile)
        using services = connect(context)
        const spec = await prepareJob(context, services, file)
        const requestId = options.requestId ?? context.random.uuid()
        const answer = await services.jobs.createJob({ spec, requestId }, { signal: context.signal })
        const job = present(answer.job, 'job in the answer to CreateJob')
        context.output.note(`${enumWord(job.state)}${job.reason === '' ? '' : `: ${job.reason}`}`)
        context.output.result(job, () => job.id)
        // Awaited here: `using` closes the services on the way out.
        return options.watch === true
          ? await followJob(context, services, job.id, { isStrict: options.strict === true })
          : exitCodes.ok
      }),
    )
}

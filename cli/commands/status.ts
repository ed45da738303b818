// `cloudless status JOB`: where a job stands, once or live.
import { Command } from 'commander'
import { present } from '#runtime/assert.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { followJob, strictOption } from '../follow-job.ts'
import { renderJob } from '../render/job.ts'

export function statusCommand(run: Run): Command {
  return new Command('status')
    .description('show a job: state, regions, loss, evaluation, how it synchronises, bytes, cost so far')
    .argument('<job>', 'job id')
    .option('--watch', 'go on until the job ends; the exit code says how')
    .addOption(strictOption().implies({ watch: true }))
    .action(
      run(async (context, id: string, options: { readonly watch?: true; readonly strict?: true }) => {
        using services = connect(context)
        // Awaited here: `using` closes the services on the way out.
        if (options.watch === true) return await followJob(context, services, id, { isStrict: options.strict === true })
        const answer = await services.jobs.getJob({ id }, { signal: context.signal })
        const job = present(answer.job, 'job in the answer to GetJob')
        context.output.result(job, () =>
          renderJob(job, context.output.style, context.clock.now(), context.output.columns),
        )
        return exitCodes.ok
      }),
    )
}

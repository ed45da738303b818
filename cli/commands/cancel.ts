// `cloudless cancel JOB`: asks for the end of a job. Cancelling a cancelled job is no error.
import { Command } from 'commander'
import { present } from '#runtime/assert.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { enumWord } from '../json.ts'

export function cancelCommand(run: Run): Command {
  return new Command('cancel')
    .description('stop a job')
    .argument('<job>', 'job id')
    .option('--reason <text>', 'kept with the job', '')
    .action(
      run(async (context, id: string, options: { readonly reason: string }) => {
        using services = connect(context)
        const answer = await services.jobs.cancelJob({ id, reason: options.reason }, { signal: context.signal })
        const job = present(answer.job, 'job in the answer to CancelJob')
        context.output.note(`what it has learned is kept for seven days: \`cloudless resume ${job.id}\` goes on`)
        context.output.result(job, () => `${job.id} ${enumWord(job.state)}`)
        return exitCodes.ok
      }),
    )
}

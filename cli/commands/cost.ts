// `cloudless cost JOB`: the cost report, so far or final.
import { Command } from 'commander'
import { present } from '#runtime/assert.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderCost } from '../render/cost.ts'

export function costCommand(run: Run): Command {
  return new Command('cost')
    .description('show what a job cost, by region and link, and what it saved')
    .argument('<job>', 'job id')
    .action(
      run(async (context, jobId: string) => {
        using services = connect(context)
        const answer = await services.costs.getJobCost({ jobId }, { signal: context.signal })
        const report = present(answer.report, 'report in the answer to GetJobCost')
        context.output.result(report, () => renderCost(report, context.output.style))
        return exitCodes.ok
      }),
    )
}

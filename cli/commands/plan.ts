// `cloudless plan JOBFILE`: the decision that a submit would carry out now, without running anything.
import { Command } from 'commander'
import { present } from '#runtime/assert.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { readJobFile } from '../job-file.ts'
import { prepareJob } from '../prepare-job.ts'
import { renderPlan } from '../render/plan.ts'

export function planCommand(run: Run): Command {
  return new Command('plan')
    .description('show where a job would run and what it would cost')
    .argument('<jobfile>', 'job file (YAML)')
    .action(
      run(async (context, jobFile: string) => {
        const file = readJobFile(jobFile)
        using services = connect(context)
        const spec = await prepareJob(context, services, file)
        const request = { spec, requestId: context.random.uuid(), validateOnly: true }
        const { job } = await services.jobs.createJob(request, { signal: context.signal })
        const plan = present(job?.plan, 'plan in the answer to a validating CreateJob')
        context.output.result(plan, () => renderPlan(plan, context.output.style))
        return plan.outcome === 'PLAN_OUTCOME_IMPOSSIBLE' ? exitCodes.failed : exitCodes.ok
      }),
    )
}

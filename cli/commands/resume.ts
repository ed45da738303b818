// `cloudless resume JOB`: a job that failed or was cancelled goes on from its regions' newest checkpoints, under its id.
// Safe to repeat with the same --request-id.
import { Command } from 'commander'
import { present } from '#runtime/assert.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { followJob, strictOption } from '../follow-job.ts'
import { enumWord } from '../json.ts'
import { resumableText, standText } from '../render/job.ts'
import { renderPlan } from '../render/plan.ts'

type Options = { readonly dryRun?: true; readonly watch?: true; readonly strict?: true; readonly requestId?: string }

export function resumeCommand(run: Run): Command {
  return new Command('resume')
    .description('go on with a job that failed or was cancelled, for seven days from its end on')
    .argument('<job>', 'job id')
    .option('--dry-run', 'show the plan it would get; change nothing')
    .addHelpText(
      'after',
      '\nEach region keeps its newest checkpoint for seven days after the end; `cloudless status` says until when.',
    )
    .option('--watch', 'show the job until it ends; the exit code says how')
    .addOption(strictOption().implies({ watch: true }))
    .option('--request-id <uuid>', 'resuming again with the same id changes nothing more')
    .action(
      run(async (context, id: string, { dryRun, watch, strict, requestId }: Options) => {
        using services = connect(context)
        const isDryRun = dryRun === true
        const request = { id, requestId: requestId ?? context.random.uuid(), validateOnly: isDryRun }
        const answer = await services.jobs.resumeJob(request, { signal: context.signal })
        const job = present(answer.job, 'job in the answer to ResumeJob')
        if (isDryRun) {
          const plan = present(job.plan, 'plan in the answer to a validating ResumeJob')
          const now = await services.jobs.getJob({ id }, { signal: context.signal })
          const kept = resumableText(now.job?.resumableUntilMs ?? 0)
          context.output.note(`would go on from ${standText(job)}${kept === '' ? '' : `; ${kept}`}`)
          context.output.result(plan, () => renderPlan(plan, context.output.style))
          return exitCodes.ok
        }
        context.output.note(`${job.reason}; goes on from ${standText(job)}`)
        context.output.result(job, () => `${job.id} ${enumWord(job.state)}`)
        // Awaited here: `using` closes the services on the way out.
        return watch === true ? await followJob(context, services, job.id, { isStrict: strict === true }) : exitCodes.ok
      }),
    )
}

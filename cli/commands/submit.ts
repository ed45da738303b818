// `cloudless submit JOBFILE`: uploads the function and creates the job. Safe to repeat with the same --request-id.
import { Command } from 'commander'
import { present } from '#runtime/assert.ts'
import { connect, type Context, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { followJob, strictOption } from '../follow-job.ts'
import { readJobFile } from '../job-file.ts'
import { enumWord } from '../json.ts'
import { exitCodeOfPlan, planAnswer, renderAnswer } from '../plan/answer.ts'
import { prepareJob, specToPlan } from '../prepare-job.ts'
import { explicitJob, withProfile } from '../profile/explicit-share.ts'
import { renderPlanBriefly } from '../render/plan.ts'
import type { Services } from '../services.ts'

type Options = { readonly dryRun?: true; readonly watch?: true; readonly strict?: true; readonly requestId?: string }

export function submitCommand(run: Run): Command {
  return new Command('submit')
    .description('start a job')
    .argument('<jobfile>', 'job file (YAML)')
    .option('--dry-run', 'only show the plan that it would get, as `cloudless plan` does')
    .option('--watch', 'show the job until it ends; the exit code says how')
    .addOption(strictOption().implies({ watch: true }))
    .option('--request-id <uuid>', 'submitting again with the same id answers with the same job')
    .action(
      run(async (context, jobFile: string, options: Options) => {
        const { file, profile } = await explicitJob(readJobFile(jobFile), context)
        using services = connect(context)
        const { output, signal } = context
        if (options.dryRun === true) {
          const response = await services.jobs.planJob({ spec: await specToPlan(file) }, { signal })
          const answer = planAnswer(response)
          output.result(withProfile(answer, profile), () => renderAnswer(answer, [], output.style))
          return exitCodeOfPlan(answer.plan)
        }
        const spec = await prepareJob(context, services, file)
        const requestId = options.requestId ?? context.random.uuid()
        const answer = await services.jobs.createJob({ spec, requestId }, { signal })
        const job = present(answer.job, 'job in the answer to CreateJob')
        output.note(`${enumWord(job.state)}${job.reason === '' ? '' : `: ${job.reason}`}`)
        output.note(await planText(services, job.id, context))
        output.result(withProfile(job, profile), () => job.id)
        // Awaited here: `using` closes the services on the way out.
        return options.watch === true
          ? await followJob(context, services, job.id, { isStrict: options.strict === true })
          : exitCodes.ok
      }),
    )
}

/** The plan that it got, or would get now. */
async function planText({ jobs }: Services, jobId: string, { output, signal }: Context): Promise<string> {
  const { plan } = planAnswer(await jobs.planJob({ jobId }, { signal }))
  return renderPlanBriefly(plan, output.style)
}

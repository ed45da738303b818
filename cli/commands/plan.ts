// `cloudless plan`: the decision that a submit would carry out now, what it would be under other circumstances, and whether a
// job's plan comes out the same again. Nothing is run.
import { Command } from 'commander'
import type { PlanJobRequest } from '#proto/generated/cloudless/v1/PlanJobRequest.ts'
import { invalid } from '#runtime/errors.ts'
import { connect, type Run } from '../context.ts'
import { readJobFile } from '../job-file.ts'
import { exitCodeOfPlan, planAnswer, renderAnswer } from '../plan/answer.ts'
import { specToPlan } from '../prepare-job.ts'

type Options = {
  readonly job?: string
  readonly replay?: true
  readonly version?: string
  readonly whatIf: readonly string[]
}

export function planCommand(run: Run): Command {
  return new Command('plan')
    .description('show where a job would run, what it would cost, and why; nothing is started')
    .argument('[jobfile]', 'job file (YAML)')
    .option('--job <id>', 'plan a job that was submitted, as if it came now')
    .option('--what-if <change>', 'plan under another circumstance too, and show what differs; repeatable', collect, [])
    .addHelpText('after', whatIfHelp)
    .action(
      run(async (context, jobFile: string | undefined, options: Options) => {
        const request = await requestOf(jobFile, options)
        using services = connect(context)
        const answer = planAnswer(await services.jobs.planJob(request, { signal: context.signal }))
        context.output.result(answer, () => renderAnswer(answer, options.whatIf, context.output.style))
        return exitCodeOfPlan(answer.plan)
      }),
    )
}

async function requestOf(jobFile: string | undefined, options: Options): Promise<PlanJobRequest> {
  const { job, whatIf } = options
  if ((jobFile === undefined) === (job === undefined)) {
    throw invalid(
      [{ field: 'jobfile', description: 'or --job is needed, and not both: name one job to plan' }],
      'USAGE',
    )
  }
  if (job !== undefined) return { jobId: job, whatIf: [...whatIf] }
  return { spec: await specToPlan(readJobFile(jobFile!)), whatIf: [...whatIf] }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

const whatIfHelp = `
What-ifs, for example:
  --what-if 'aws/us-east-1 price x2'                         all prices of a region
  --what-if 'aws/* nvidia-t4@spot price =0.2'                USD per unit and hour
  --what-if 'aws/us-east-1 <-> onprem/lab bandwidth x0.5'    also rtt (ms) and egress (USD per GB); -> is one way
  --what-if 'onprem/lab nvidia-t4 units =8'                  or: onprem/lab gone
  --what-if 'nvidia-t4 speed x1.5'
  --what-if 'data onprem/lab may-move-to aws/*'              also stays, bytes =20GB, samples x2
  --what-if 'budget =20'                                     also deadline =6h, slack =0.2, policy =NAME, markets =spot,on-demand
  --what-if 'model-size =400MB'
CHANGE is x2, +10%, -10% or =VALUE. Several apply one after the other.`

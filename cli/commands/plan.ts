// `cloudless plan`: the decision that a submit would carry out now, what it would be under other circumstances, and whether a
// job's plan comes out the same again. Nothing is run.
import { Command } from 'commander'
import { planOffline } from '#control-plane/plan-offline.ts'
import type { PlanJobResponse__Output } from '#proto/generated/cloudless/v1/PlanJobResponse.ts'
import { present } from '#runtime/assert.ts'
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import { catalogueHelp, findCatalogue } from '../catalogue-source.ts'
import { connect, type Context, type Run } from '../context.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { allPlans } from '../history.ts'
import { readJobFile, type JobFile } from '../job-file.ts'
import { exitCodeOfPlan, planAnswer, renderAnswer } from '../plan/answer.ts'
import { inputOn, readCapacityFile } from '../plan/capacity-file.ts'
import { readPlanAssets, renderPlanPage } from '../plan/page/page.ts'
import { specToPlan } from '../prepare-job.ts'
import { explicitJob, withProfile } from '../profile/explicit-share.ts'
import { renderPlanHistory } from '../render/plan-history.ts'
import { pageTarget, writePage } from '../report/page/write-page.ts'

type Options = {
  readonly job?: string
  readonly whatIf: readonly string[]
  readonly offline?: true
  readonly capacity?: string
  readonly catalogue?: string
  readonly history?: true
  readonly replay?: true
  readonly plan?: string
  readonly html?: string
}

export function planCommand(run: Run): Command {
  return new Command('plan')
    .description('show where a job would run, what it would cost, and why; nothing is started')
    .argument('[jobfile]', 'job file (YAML)')
    .option('--job <id>', 'plan a job that was submitted, as if it came now')
    .option('--what-if <change>', 'plan under another circumstance too, and show what differs; repeatable', collect, [])
    .option('--offline', 'plan here, without a control plane, on the units of --capacity')
    .option('--capacity <file>', 'capacity file (YAML): what units there are, and what is known of the function')
    .option('--catalogue <path>', `prices and links for --offline or --replay: ${catalogueHelp}`)
    .option('--replay', 'with --job: decide its plan again from what it was decided on, and say whether it is the same')
    .option('--plan <number>', 'with --replay: which of its plans; the newest that can be when not given')
    .option('--history', 'with --job: all plans that the job has had, and why each replaced the one before')
    .option('--html <file>', 'write one self-contained page with a map; an older one is replaced')
    .addHelpText('after', whatIfHelp)
    .action(
      run(async (context, jobFile: string | undefined, options: Options) => {
        checkOptions(jobFile, options)
        if (options.history === true) return showHistory(context, present(options.job, '--job'))
        const { output } = context
        const page = options.html === undefined ? null : await pageTarget(options.html)
        const { file, profile } =
          jobFile === undefined ? { file: null, profile: null } : await explicitJob(readJobFile(jobFile), context)
        const answer = planAnswer(await responseTo(context, file, options))
        if (page === null)
          output.result(withProfile(answer, profile), () => renderAnswer(answer, options.whatIf, output.style))
        else {
          await writePage(page, renderPlanPage(answer, options.whatIf, await readPlanAssets()))
          output.result({ path: page }, () => page)
        }
        return exitCodeOfPlan(answer.plan)
      }),
    )
}

function checkOptions(jobFile: string | undefined, options: Options): void {
  const { job, offline, capacity, catalogue, history, replay, plan } = options
  const wrong: FieldViolation[] = []
  const note = (field: string, description: string): number => wrong.push({ field, description })
  if ((jobFile === undefined) === (job === undefined))
    note('jobfile', 'or --job is needed, and not both: name one job to plan')
  if (offline === true && job !== undefined) note('--job', 'is known to a control plane only; give a job file')
  if (offline === true && capacity === undefined) note('--capacity', 'is needed with --offline; name a capacity file')
  if (offline !== true && capacity !== undefined) note('--capacity', 'goes with --offline only; add it')
  if (offline !== true && replay !== true && catalogue !== undefined)
    note('--catalogue', 'goes with --offline or --replay; add one of them')
  if (replay === true && job === undefined) note('--replay', 'is of a job that was submitted; give --job')
  if (replay !== true && plan !== undefined) note('--plan', 'goes with --replay; add it')
  if (plan !== undefined && !/^[1-9]\d{0,8}$/.test(plan))
    note('--plan', `${JSON.stringify(plan)} is no number of a plan; \`cloudless plan --job JOB --history\` has them`)
  if (history === true && job === undefined) note('--history', 'is of a job that was submitted; give --job')
  if (wrong.length > 0) throw invalid(wrong, 'USAGE')
}

async function showHistory(context: Context, job: string): Promise<ExitCode> {
  using services = connect(context)
  const plans = await allPlans(services.jobs, job, context.signal)
  context.output.result({ plans }, () => renderPlanHistory(plans, context.output.style))
  return exitCodes.ok
}

function responseTo(context: Context, file: JobFile | null, options: Options): Promise<PlanJobResponse__Output> {
  if (options.replay === true) return replayed(context, present(options.job, '--job'), options)
  if (options.offline === true) return planHere(context, present(file, 'jobfile'), options)
  return askServer(context, file, options)
}

async function askServer(
  context: Context,
  file: JobFile | null,
  { job, whatIf }: Options,
): Promise<PlanJobResponse__Output> {
  const of = file === null ? { jobId: job ?? '' } : { spec: await specToPlan(file) }
  using services = connect(context)
  return await services.jobs.planJob({ ...of, whatIf: [...whatIf] }, { signal: context.signal })
}

/** With the catalogue that it was made with, or, here, with another one. */
async function replayed(
  context: Context,
  jobId: string,
  { plan, catalogue: source, whatIf }: Options,
): Promise<PlanJobResponse__Output> {
  const which = { jobId, replay: true, version: Number(plan ?? 0) }
  using services = connect(context)
  const whatIfs = source === undefined ? [...whatIf] : []
  const response = await services.jobs.planJob({ ...which, whatIf: whatIfs }, { signal: context.signal })
  if (source === undefined) return response
  const { catalogue } = await findCatalogue(context, source)
  const input = present(response.input, 'input in the answer to PlanJob')
  return { ...planOffline(input, catalogue, whatIf), recorded: response.recorded }
}

async function planHere(
  context: Context,
  file: JobFile,
  { capacity, catalogue: source, whatIf }: Options,
): Promise<PlanJobResponse__Output> {
  const spec = await specToPlan(file)
  const input = inputOn(readCapacityFile(present(capacity, '--capacity')), spec, context.clock.now())
  const { catalogue, warnings } = await findCatalogue(context, source ?? 'bundled')
  for (const warning of warnings) context.output.warn(warning)
  return planOffline(input, catalogue, whatIf)
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
  --what-if 'model-size =400MB/128'                          an update's bytes, and the samples of a step
CHANGE is x2, +10%, -10% or =VALUE. Several apply one after the other.`

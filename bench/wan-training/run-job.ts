// One run: submits, watches progress, cuts what takes too long, and gathers the job's records into a RunRecord.
import { z } from 'zod'
import type { Context } from '#cli/context.ts'
import type { JobFile } from '#cli/job-file.ts'
import { prepareJob } from '#cli/prepare-job.ts'
import type { Services } from '#cli/services.ts'
import { watchJob } from '#cli/watch-job.ts'
import type { CostReport__Output } from '#proto/generated/cloudless/v1/CostReport.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { present } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { paceRecord, type PaceRecord, type RunRecord } from './run-record.ts'
import type { Measurement } from './time-to-target.ts'

const ledgerWaitMs = 30_000
const pollMs = 200
/** A job that has not taken its first step by then will not. */
const startLimitMs = 120_000

export type Run = Pick<RunRecord, 'key' | 'world' | 'row' | 'seed' | 'learningRate' | 'sync'>

export async function runJob(
  context: Context,
  services: Services,
  run: Run,
  file: JobFile,
  limitSeconds: number,
): Promise<RunRecord> {
  const { clock, random, signal } = context
  const spec = await prepareJob(context, services, file)
  const { id } = present((await services.jobs.createJob({ spec, requestId: random.uuid() }, { signal })).job, 'job')
  const watched = await watch(context, services, id, limitSeconds * 1000)
  const { job } = watched
  const startMs = job.firstStepAtMs
  const report = await finalReport(context, services, id)
  const said = await readLogs(services, id, signal)
  const seconds = (atMs: number): number => (atMs - startMs) / 1000
  const wasCut = job.state === 'JOB_STATE_CANCELLED'
  const partitions = job.progress?.partitions ?? []
  const hashes = new Set(partitions.map(({ modelHash }) => modelHash).filter((hash) => hash !== ''))
  return {
    ...run,
    failure: job.state === 'JOB_STATE_FAILED' ? job.reason : '',
    wasCut,
    seconds: seconds(job.endedAtMs),
    samples: job.progress?.samplesDone ?? 0,
    accuracy: said.evaluations.map(({ atMs, accuracy }) => ({ seconds: seconds(atMs), value: accuracy })),
    wanBytes: watched.wanBytes.map(({ seconds: atMs, value }) => ({ seconds: seconds(atMs), value })),
    finalAccuracy:
      job.state === 'JOB_STATE_SUCCEEDED' ? present(job.progress?.evaluation['accuracy'], 'accuracy') : null,
    wanBytesTotal: report.links.reduce((total, link) => total + link.bytes, 0),
    costUsd: report.totalUsd,
    rounds: job.progress?.rounds ?? 0,
    finalModels: hashes.size,
    paces: said.paces,
    reasons: partitions.map((partition) => reasonOf(partition)).filter((reason) => reason !== ''),
    atMs: clock.now(),
  }
}

type Watched = { readonly job: Job__Output; readonly wanBytes: readonly Measurement[] }

/** Until the job has ended; cancels it at the limit. Seconds of the result are the wall clock's milliseconds. */
async function watch(context: Context, services: Services, id: string, limitMs: number): Promise<Watched> {
  const { clock, signal, output } = context
  const wanBytes: Measurement[] = []
  const createdAtMs = clock.now()
  let last: Job__Output | null = null
  let isCut = false
  const watching = { jobs: services.jobs, id, clock, signal, onAway: (text: string) => output.note(text) }
  for await (const job of watchJob(watching)) {
    last = job
    wanBytes.push({ seconds: clock.now(), value: job.progress?.wanBytes ?? 0 })
    const untilMs = job.firstStepAtMs > 0 ? job.firstStepAtMs + limitMs : createdAtMs + startLimitMs
    const isTraining = job.state === 'JOB_STATE_RUNNING' || job.state === 'JOB_STATE_STARTING'
    if (isCut || !isTraining || clock.now() < untilMs) continue
    isCut = true
    await services.jobs.cancelJob({ id, reason: 'the limit of the benchmark' }, { signal })
  }
  if (signal.aborted) throw new CloudlessError('cancelled', 'INTERRUPTED', 'interrupted')
  return { job: present(last, `job ${id}`), wanBytes }
}

/** The last metered seconds arrive shortly after the job's end. */
async function finalReport(context: Context, services: Services, jobId: string): Promise<CostReport__Output> {
  const { clock, signal } = context
  const untilMs = clock.monotonicMs() + ledgerWaitMs
  for (;;) {
    const report = present((await services.costs.getJobCost({ jobId }, { signal })).report, 'cost report')
    if (report.isFinal) return report
    if (clock.monotonicMs() > untilMs) {
      throw new CloudlessError(
        'deadline',
        'LEDGER_OPEN',
        `the ledger of ${jobId} stays open; see the control plane's log`,
      )
    }
    await clock.sleep(pollMs, signal)
  }
}

const evaluationLine = z.object({ kind: z.literal('evaluation'), atMs: z.number(), accuracy: z.number() })
const paceLine = z.object({ kind: z.literal('pace') })

type Said = {
  readonly evaluations: readonly z.infer<typeof evaluationLine>[]
  /** The last account of each worker, ascending by name. */
  readonly paces: PaceRecord[]
}

/** What the function printed, as the control plane keeps it. */
async function readLogs(services: Services, jobId: string, signal: AbortSignal): Promise<Said> {
  const texts = new Map<string, string>()
  const decoders = new Map<string, TextDecoder>()
  for await (const { instanceId, data } of services.jobs.streamLogs({ jobId }, { signal })) {
    const decoder = decoders.get(instanceId) ?? new TextDecoder()
    decoders.set(instanceId, decoder)
    texts.set(instanceId, (texts.get(instanceId) ?? '') + decoder.decode(data, { stream: true }))
  }
  const lines = [...texts.values()].flatMap((text) => text.split('\n')).flatMap(parsed)
  const evaluations = lines.flatMap((line) => evaluationLine.safeParse(line).data ?? [])
  const paces = new Map<string, PaceRecord>()
  for (const line of lines) {
    if (!paceLine.safeParse(line).success) continue
    const pace = paceRecord.parse(line)
    paces.set(pace.worker, pace)
  }
  return {
    evaluations: evaluations.toSorted((a, b) => a.atMs - b.atMs),
    paces: [...paces.values()].toSorted((a, b) => (a.worker < b.worker ? -1 : 1)),
  }
}

function parsed(line: string): unknown[] {
  if (!line.startsWith('{')) return []
  try {
    return [JSON.parse(line)]
  } catch {
    // A line that was cut with its process.
    return []
  }
}

function reasonOf(partition: NonNullable<Job__Output['progress']>['partitions'][number]): string {
  const { region } = partition
  const sync = (partition as { readonly sync?: { readonly reason?: string; readonly stallShare?: number } | null }).sync
  if (sync === null || sync === undefined) return ''
  return `${region}: stall ${((sync.stallShare ?? 0) * 100).toFixed(0)} %; ${sync.reason ?? ''}`
}

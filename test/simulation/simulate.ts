// One run: jobs arrive, faults strike, everything must come to its end, and what is left must be right.
import { createHash } from 'node:crypto'
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import { endStates } from '#control-plane/model/job.ts'
import type { JobRecord } from '#control-plane/store/store.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { amountsOf, cellsOf } from '#control-plane/cost/amounts.ts'
import { usageGaps } from '#control-plane/cost/gaps.ts'
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { silentLog, type Log } from '#runtime/log.ts'
import { messageOf } from '#runtime/errors.ts'
import { strike } from './faults.ts'
import { graceHours, regionNames, type SimulationOptions } from './options.ts'
import { expectedModel, isExact, randomJob, regionsOf, sharesAllSamples } from './workload.ts'
import { World } from './world.ts'

export type SimulationResult = {
  readonly seed: number
  readonly virtualHours: number
  readonly jobs: number
  readonly succeeded: number
  readonly cancelled: number
  readonly faults: number
  readonly checks: number
  /** Of the whole history: two runs of one seed have the same. */
  readonly fingerprint: string
}

type Submitted = { readonly spec: JobSpec; readonly id: string; isCancelled: boolean }

/** Rejects with the seed in the message when something that must hold does not. */
export async function simulate(
  options: SimulationOptions,
  catalogue: Catalogue,
  logOf: (clock: Clock) => Log = () => silentLog,
): Promise<SimulationResult> {
  const world = new World({ seed: options.seed, catalogue, cpuUnits: options.cpuUnits, logOf })
  try {
    return await run(world, options)
  } catch (error) {
    throw new Error(`seed ${options.seed}: ${messageOf(error)}`, { cause: error })
  } finally {
    world.store.close()
  }
}

async function run(world: World, options: SimulationOptions): Promise<SimulationResult> {
  const { clock, checkers } = world
  const untilMs = options.hours * 3_600_000
  const report = options.log ?? (() => {})
  const history = createHash('sha256')
  world.store.onCommit(({ revision }) => {
    checkers.grows('store revision', revision, 'strictly')
    history.update(`${clock.monotonicMs()} ${revision}\n`)
  })
  world.startControl()
  for (const region of regionNames) await world.startAgent(region)
  const submitted: Submitted[] = []
  const failures: unknown[] = []
  let faults = -1
  const note = (error: unknown): void => void failures.push(error)
  let areAllSubmitted = false
  submitAll(world, options, submitted, report).then(() => (areAllSubmitted = true), note)
  strike(world, options, untilMs, report).then((count) => (faults = count), note)
  const isOver = (): boolean => areAllSubmitted && faults >= 0 && world.store.view().jobs.length === 0
  const limitMs = untilMs + graceHours * 3_600_000
  while (!isOver() && failures.length === 0) {
    assert(clock.monotonicMs() < limitMs, `${describeOpen(world)} after ${graceHours} h without faults`)
    await clock.step()
    watch(world)
    if (world.failure !== null) throw world.failure
  }
  // The agents still clean up, and tell what they metered last.
  await clock.advance(120_000)
  if (failures.length > 0) throw failures[0]
  return judge(world, options, submitted, faults, history.digest('hex'))
}

/** After every event: what may only grow has not shrunk, and regions agree. */
function watch(world: World): void {
  for (const { machine } of world.places.values()) {
    for (const { jobId, role } of machine.live) {
      const partition = role === 'parameter-server' ? machine.serverOf(jobId)?.partition : undefined
      if (partition === undefined) continue
      world.historyOf(jobId, partition.members.all).observe(partition)
      const disk = machine.diskOf(jobId).number
      for (const source of partition.members.peers) {
        world.checkers.grows(
          `updates of ${source} durable in ${machine.region} for ${jobId} on disk ${disk}`,
          partition.exchange.durableSeqOf(source),
        )
      }
    }
  }
}

async function submitAll(
  world: World,
  options: SimulationOptions,
  submitted: Submitted[],
  report: (line: string) => void,
): Promise<void> {
  const { clock, random } = world
  const archive = Buffer.from('a bundle that the simulator never unpacks')
  const digest = createHash('sha256').update(archive).digest('hex')
  const jobs = world.client('cloudless.v1.JobService')
  await persist(world, () => jobs.uploadBundle(once({ digest, totalBytes: archive.length, data: archive })))
  for (let index = 0; index < options.jobs; index++) {
    await clock.sleep((options.hours * 3_600_000 * 0.9 * random.next()) / options.jobs)
    const drawn = randomJob(random, index, digest)
    const spec = options.isElastic === true && index % 2 === 0 ? { ...drawn, policy: 'least-cost' } : drawn
    const requestId = random.uuid()
    const { job } = await persist(world, () => jobs.createJob({ spec, requestId }))
    const entry: Submitted = { spec, id: job!.id, isCancelled: false }
    submitted.push(entry)
    report(`${(clock.monotonicMs() / 1000).toFixed(1)} s: ${entry.id} ${JSON.stringify(spec.sync)}`)
    if (random.next() < 0.1) {
      await clock.sleep(20_000 * random.next())
      entry.isCancelled = true
      await persist(world, () => jobs.cancelJob({ id: entry.id, reason: 'changed my mind' }))
    }
  }
}

/** As a person at a terminal: again until the control plane answers. The request id makes that safe. */
async function persist<T>(world: World, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!/unavailable|went away|listens|route|cut|BUSY/i.test(messageOf(error))) throw error
      await world.clock.sleep(500)
    }
  }
}

async function* once(message: object): AsyncGenerator<object> {
  yield message
}

async function judge(
  world: World,
  options: SimulationOptions,
  submitted: readonly Submitted[],
  faults: number,
  fingerprint: string,
): Promise<SimulationResult> {
  const { checkers } = world
  let succeeded = 0
  let cancelled = 0
  for (const entry of submitted) {
    const record = await world.store.job(entry.id)
    assert(record !== null, `${entry.id} was accepted and is gone`)
    const { job } = record
    assert(endStates.has(job.state), `${entry.id} is ${job.state}`)
    assert(job.state !== 'failed', `${entry.id} failed: ${job.reason}`)
    assert(job.state !== 'cancelled' || entry.isCancelled, `${entry.id} was cancelled and nobody asked for it`)
    if (job.state === 'cancelled') cancelled += 1
    else {
      succeeded += 1
      options.onModel?.(world.models.get(entry.id)!)
      judgeModel(world, entry, record)
    }
    await judgeLedger(world, entry.id, options.unmeteredMs ?? 0)
  }
  for (const { machine } of world.places.values())
    checkers.equal(`processes left in ${machine.region}`, machine.live.length, 0)
  const virtualHours = world.clock.monotonicMs() / 3_600_000
  return {
    seed: options.seed,
    virtualHours,
    jobs: submitted.length,
    succeeded,
    cancelled,
    faults,
    checks: checkers.checks,
    fingerprint,
  }
}

function judgeModel(world: World, { id, spec }: Submitted, { instances }: JobRecord): void {
  const { checkers } = world
  const servers = instances.filter(({ role }) => role === 'parameter-server')
  const hashes = new Set(servers.map(({ progress }) => progress?.modelHash))
  checkers.equal(`distinct final replicas of ${id}`, hashes.size, 1)
  const history = world.historyOf(id, regionsOf(spec))
  for (const { progress, region } of servers) {
    const { samplesDone = 0, samplesTotal = 1 } = progress ?? {}
    // What was learnt after the last exchange went with the disk; where everybody else had drained it is not made again.
    const isSome = history.lost.has(region) && samplesDone < samplesTotal
    if (!isSome) checkers.equal(`samples used in ${region} for ${id}`, samplesDone, samplesTotal)
    if (servers.length > 1) judgeRounds(world, { id, spec }, region, samplesDone)
  }
  const model = world.models.get(id)
  assert(model !== undefined, `${id} has no final model`)
  if (!isExact(spec) || history.lost.size > 0) return
  for (const [element, value] of expectedModel(spec).entries())
    checkers.equal(`element ${element} of ${id}`, model[element], value)
}

/** What a region learnt is in what all of them share, once. */
function judgeRounds(world: World, job: Pick<Submitted, 'id' | 'spec'>, region: string, samples: number): void {
  const { checkers } = world
  const { id, spec } = job
  const history = world.historyOf(id, regionsOf(spec))
  checkers.equal(`whether the last round of ${id} is committed`, history.isFinished, true)
  if (!sharesAllSamples(spec) || history.hasFragmentsChanged) return
  const shared = history.sharedSamples(region)
  // What a fragment whose turn had not come was to be told went with the disk.
  const isSome = history.lost.has(region) && history.fragments > 1
  if (isSome) checkers.equal(`whether rounds have ${shared} samples of ${region}`, shared <= samples, true)
  else checkers.equal(`samples of ${region} in the rounds of ${id}`, shared, samples)
}

/**
 * Every second that a worker lived is in the ledger once, no window of an attempt is missing, and whatever adds the ledger up
 * comes to the same.
 */
async function judgeLedger(world: World, jobId: string, unmeteredMs: number): Promise<void> {
  const entries = await world.store.listLedger(jobId, 100_000, null)
  const lived = [...world.places.values()]
    .flatMap(({ machine }) => machine.ended)
    .filter((process) => process.jobId === jobId && process.role === 'worker')
    .map(({ endedAtMs, startedAtMs }) => (endedAtMs! - startedAtMs + unmeteredMs) / 1_000)
  const metered = entries
    .filter(({ kind }) => kind === 'device-seconds')
    .reduce((sum, { quantity }) => sum + quantity, 0)
  world.checkers.near(
    `device-seconds of ${jobId}`,
    metered,
    lived.reduce((sum, seconds) => sum + seconds, 0),
    0.01 * (1 + lived.length),
  )
  const everything = {
    by: 'hour' as const,
    jobIds: [jobId],
    fromMs: 0,
    toMs: Number.MAX_SAFE_INTEGER,
    owner: null,
    labels: {},
    limit: 100_000,
  }
  const hours = amountsOf(await world.store.listCells(everything))
  const paid = amountsOf(cellsOf(entries))
  const { costUsd = Number.NaN } = (await world.store.job(jobId)) ?? {}
  const tolerance = 1e-9 * paid.totalUsd
  world.checkers.equal(`entries of ${jobId} in hours`, hours.entries, entries.length)
  world.checkers.near(`hours of ${jobId}`, hours.totalUsd, paid.totalUsd, tolerance)
  world.checkers.near(`cost of ${jobId}`, costUsd, paid.totalUsd, tolerance)
  const spans = await world.store.listSpans(jobId, 100_000)
  const gaps = usageGaps({ spans, instances: [], nowMs: world.clock.now() })
  world.checkers.equal(`gaps in the ledger of ${jobId}`, gaps.length, 0)
}

function describeOpen(world: World): string {
  const { jobs, instances } = world.store.view()
  const open = jobs.map(({ id, state, reason }) => `${id} is ${state} (${reason})`)
  const states = instances.map(({ id, state, progress }) => `${id} ${state} ${progress?.phase ?? ''}`)
  return [...open, ...states].join('; ')
}

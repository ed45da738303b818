// One pass of the control loop at fleet size: 200 regions, 2,000 jobs, 10,000 instances, the real store on disk. Between
// two passes 2 % of the instances report progress, four jobs end, four are submitted. Time is from the first commit of
// the pass to the last agent told, encoding included.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Catalogue } from '#regions/catalogue.ts'
import { ControlLoop } from '#control-plane/control-loop.ts'
import { aCatalogue, aJob, anAgent, aShard, aSpec } from '#control-plane/model/builders.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Instance, PartitionProgress } from '#control-plane/model/snapshot.ts'
import { openStore } from '#control-plane/store/open-store.ts'
import type { Change, Store } from '#control-plane/store/store.ts'
import { encodeDesired } from '#control-plane/wire/desired.ts'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom, type Random } from '#runtime/random.ts'

const regions = 200
const jobs = 2_000
const passes = 100
const warmUpPasses = 10

export type ControlLoopFigures = {
  readonly loop_p95_ms: number
  readonly loop_p50_ms: number
  readonly regions: number
  readonly jobs: number
  readonly instances: number
}

export async function run(): Promise<ControlLoopFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudless-bench-'))
  try {
    const store = await openStore(folder)
    const figures = await measure(store)
    store.close()
    return figures
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(store: Store): Promise<ControlLoopFigures> {
  const random = seededRandom(1)
  const clock = systemClock()
  const catalogue = aBigCatalogue()
  let toldBytes = 0
  const loop = new ControlLoop({
    store,
    catalogue: () => catalogue,
    clock,
    log: silentLog,
    metrics: createMetrics(),
    reconcile: {},
    tell: (desired, revision) => {
      toldBytes += JSON.stringify(encodeDesired(desired, revision)).length
    },
  })
  await commit(store, agents())
  for (let first = 0; first < jobs; first += 200) {
    await commit(
      store,
      Array.from({ length: 200 }, (_, i) => submit(first + i)),
    )
    await loop.runOnce()
  }
  await commit(
    store,
    store.view().instances.map((instance) => progressed(instance, random)),
  )
  await loop.runOnce()
  const startedWith = { jobs: store.view().jobs.length, instances: store.view().instances.length }
  const times: number[] = []
  let nextJob = jobs
  for (let pass = 0; pass < warmUpPasses + passes; pass++) {
    await commit(store, churn(store, random, nextJob))
    nextJob += 4
    const startMs = clock.monotonicMs()
    await loop.runOnce()
    if (pass >= warmUpPasses) times.push(clock.monotonicMs() - startMs)
  }
  times.sort((a, b) => a - b)
  if (toldBytes === 0) throw new Error('no agent was told anything: the loop did no work')
  return {
    loop_p95_ms: times[Math.floor(times.length * 0.95)]!,
    loop_p50_ms: times[Math.floor(times.length / 2)]!,
    regions,
    ...startedWith,
  }
}

const regionName = (n: number): string => `onprem/r${String(n).padStart(3, '0')}`

function aBigCatalogue(): Catalogue {
  const names = Array.from({ length: regions }, (_, n) => regionName(n))
  return aCatalogue(Object.fromEntries(names.map((name) => [name, { cpu: 0.05 }])))
}

function agents(): readonly Change[] {
  return Array.from({ length: regions }, (_, n): Change => ({
    kind: 'agent',
    agent: anAgent(regionName(n), { cpu: 64 }),
  }))
}

/** Two regions of data, one with two workers and one with one: two parameter servers and three workers. */
function submit(n: number): Change {
  const shards = [
    aShard(regionName(n % regions), 2_000, { uri: 'file:///data/a' }),
    aShard(regionName((n * 7 + 1) % regions), 1_000, { uri: 'file:///data/b' }),
  ]
  const resources = { ...aSpec().resources, workersMaxPerRegion: 2, samplesPerSecond: { cpu: 100 } }
  const job: Job = aJob({
    id: `j-${String(n).padStart(6, '0')}`,
    requestId: `request-${n}`,
    spec: aSpec({ shards, resources }),
    createdAtMs: n,
  })
  return { kind: 'create-job', job, fingerprint: '' }
}

function progressed(instance: Instance, random: Random): Change {
  const steps = random.integer(1_000)
  const progress: PartitionProgress = {
    region: instance.region,
    phase: 'training',
    epoch: 0,
    samplesDone: steps * 32,
    samplesTotal: 100_000,
    steps,
    loss: random.next(),
    workers: 2,
    rounds: Math.floor(steps / 8),
    wanBytesSent: steps * 1_000,
    modelHash: '',
    samplesPerSecond: 100,
    leasesReturned: 0,
    sync: null,
  }
  const isServer = instance.role === 'parameter-server'
  return {
    kind: 'instance',
    instance: {
      ...instance,
      state: 'running',
      attempt: 1,
      endpoint: isServer ? '10.0.0.1:7000' : '',
      progress: isServer ? progress : null,
    },
  }
}

/** Fifty instances in a thousand move; four jobs are cancelled and their instances stop; four are new. */
function churn(store: Store, random: Random, nextJob: number): readonly Change[] {
  const { instances, jobs: active } = store.view()
  const ended = new Map<string, Change>()
  const running = active.filter((job) => job.state === 'running')
  for (let i = 0; i < 4 && running.length > 0; i++) {
    const job = running[random.integer(running.length)]!
    ended.set(job.id, { kind: 'job', job: { ...job, state: 'cancelling', reason: 'cancelled by request' } })
  }
  const moved = new Map<string, Change>()
  const count = Math.round(instances.length * 0.02)
  while (moved.size < count) {
    const instance = instances[random.integer(instances.length)]!
    moved.set(instance.id, progressed(instance, random))
  }
  for (const instance of instances) {
    const isStarting = instance.state === 'planned' && !instance.isReleased
    if (isStarting) moved.set(instance.id, progressed(instance, random))
    if (instance.isReleased) moved.set(instance.id, { kind: 'instance', instance: { ...instance, state: 'stopped' } })
  }
  return [...ended.values(), ...moved.values(), ...Array.from({ length: 4 }, (_, i) => submit(nextJob + i))]
}

async function commit(store: Store, changes: readonly Change[]): Promise<void> {
  const outcome = await store.commit(changes, store.view().revision)
  if (outcome.kind !== 'committed') throw new Error(`conflict at ${outcome.object}`)
}

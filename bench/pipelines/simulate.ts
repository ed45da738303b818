// Pipelines on a few GPUs, event by event on virtual time: jobs arrive, wait at their stages, run in batches on slices of GPUs and go on.
// A function is loaded once on each GPU and stays, as weights are shared there; tensors that come from another GPU's machine take a while. Deciding itself takes no time.
import { dispatch, type Place } from '#physical-plane/serving/pipelines/dispatch.ts'
import { assert } from '#runtime/assert.ts'
import type { Random } from '#runtime/random.ts'
import { sliceUsd } from '../esg/functions.ts'
import { minimumOf, type Application } from './applications.ts'
import { startOf, type Policy } from './policies.ts'

export const cluster = { gpus: 4, slicesEach: 7, coldStartMs: 2_000, transferMs: 5 } as const
/** Functions are loaded by then; jobs that arrived before are not counted. */
const warmUpMs = 20_000

export type Outcome = {
  readonly hits: number
  readonly jobs: number
  readonly usdPerJob: number
  readonly p99Over: number
}

type Job = {
  readonly application: Application
  readonly arrivedAtMs: number
  readonly ranOn: Map<number, number>
  readonly left: Set<number>
}
type Queue = {
  readonly application: Application
  readonly place: number
  readonly jobs: Job[]
  rounds: number
  readonly home: number
}
type Gpu = { free: number; readonly loaded: Set<string> }
type Event = { readonly atMs: number; readonly number: number; readonly happen: () => void }

export function simulate(
  applications: readonly Application[],
  policy: Policy,
  load: number,
  forMs: number,
  random: Random,
): Outcome {
  const gpus: Gpu[] = Array.from({ length: cluster.gpus }, () => ({ free: cluster.slicesEach, loaded: new Set() }))
  const queues = applications.flatMap((application, at) =>
    application.graph.names.map((_, place): Queue => ({
      application,
      place,
      jobs: [],
      rounds: 0,
      home: (at + place) % gpus.length,
    })),
  )
  const queueOf = new Map(queues.map((queue) => [`${queue.application.name} ${queue.place}`, queue]))
  const events: Event[] = []
  let [nowMs, made, usd] = [0, 0, 0]
  const lateness: number[] = []
  const at = (atMs: number, happen: () => void): void => push(events, { atMs, number: made++, happen })
  const enqueue = (job: Job, place: number): void =>
    void queueOf.get(`${job.application.name} ${place}`)!.jobs.push(job)

  const ended = (job: Job, place: number, gpu: number): void => {
    const { graph, objectiveMs } = job.application
    job.ranOn.set(place, gpu)
    job.left.delete(place)
    for (const next of graph.next[place]!)
      if (graph.before[next]!.every((one) => job.ranOn.has(one))) enqueue(job, next)
    if (job.left.size === 0 && job.arrivedAtMs >= warmUpMs) lateness.push((nowMs - job.arrivedAtMs) / objectiveMs)
  }

  const tryStart = (queue: Queue): boolean => {
    const { application, place, jobs } = queue
    const oldest = jobs[0]!
    const functionOf = application.functions[place]!
    const free = gpus.reduce((sum, gpu) => sum + gpu.free, 0)
    const busyShare = 1 - free / (cluster.gpus * cluster.slicesEach)
    const elapsedMs = nowMs - oldest.arrivedAtMs
    const choice = policy.choose({ application, place, jobs: jobs.length, elapsedMs, busyShare })
    const before = application.graph.before[place]!
    const places = gpus.map((gpu, index): Place => ({
      id: String(index),
      freeUnits: gpu.free,
      isWarm: gpu.loaded.has(functionOf.name),
      hasInputs: before.every((one) => oldest.ranOn.get(one) === index),
      isHome: queue.home === index,
      waitMs: 0,
      coldStartMs: cluster.coldStartMs,
      transferMs: cluster.transferMs,
    }))
    const minimum = startOf(functionOf, minimumOf(functionOf))
    const decided = dispatch({ ...choice, minimum, rounds: queue.rounds }, places)
    if (decided.kind === 'wait') {
      queue.rounds = decided.rounds
      return false
    }
    queue.rounds = 0
    const index = Number(decided.place.id)
    const gpu = gpus[index]!
    const { batch, slices } = functionOf.configurations[decided.start.configuration]!
    assert(gpu.free >= slices && jobs.length >= batch, 'a batch that does not fit')
    const batched = jobs.splice(0, batch)
    gpu.free -= slices
    if (nowMs >= warmUpMs) usd += sliceUsd(slices, decided.endsInMs)
    at(nowMs + decided.endsInMs, () => {
      gpu.free += slices
      gpu.loaded.add(functionOf.name)
      for (const job of batched) ended(job, place, index)
    })
    return true
  }

  const meanMs = applications.reduce((sum, { minimumSliceMs }) => sum + minimumSliceMs, 0) / applications.length
  const gapMs = meanMs / (load * cluster.gpus * cluster.slicesEach)
  const arrive = (): void => {
    const application = applications[random.integer(applications.length)]!
    const job: Job = { application, arrivedAtMs: nowMs, ranOn: new Map(), left: new Set(application.graph.order) }
    for (const place of application.graph.order) if (application.graph.before[place]!.length === 0) enqueue(job, place)
    // Uniform, as ESG's were; few at first, or what waits for cold starts would be all that is seen.
    if (nowMs < forMs) at(nowMs + (nowMs < warmUpMs / 2 ? 4 : 1) * gapMs * (0.75 + 0.5 * random.next()), arrive)
  }
  at(0, arrive)
  for (let event = pop(events); event !== null; event = pop(events)) {
    nowMs = event.atMs
    event.happen()
    // The queue whose oldest job has waited longest first.
    const waiting = queues.filter(({ jobs }) => jobs.length > 0)
    waiting.sort((a, b) => a.jobs[0]!.arrivedAtMs - b.jobs[0]!.arrivedAtMs)
    for (const queue of waiting) while (queue.jobs.length > 0 && tryStart(queue)) continue
  }
  assert(
    queues.every(({ jobs }) => jobs.length === 0),
    'jobs that were never run',
  )
  const sorted = lateness.toSorted((a, b) => a - b)
  const hits = sorted.filter((share) => share <= 1).length
  return {
    hits,
    jobs: sorted.length,
    usdPerJob: usd / sorted.length,
    p99Over: sorted[Math.floor(sorted.length * 0.99)]!,
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number)
}

/** Kept in order: there are never many. */
function push(events: Event[], event: Event): void {
  let [low, high] = [0, events.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(event, events[middle]!)) low = middle + 1
    else high = middle
  }
  events.splice(low, 0, event)
}

function pop(events: Event[]): Event | null {
  return events.pop() ?? null
}

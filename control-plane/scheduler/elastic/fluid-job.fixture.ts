// A running job as a fluid: every tick its partitions use samples at the speed that its units really have, it is paid for, and
// whatever plan is decided is carried out at once. For properties of re-planning over a job's whole life.
import { applyActions } from '#control-plane/model/actions.ts'
import { anInstance, someProgress } from '#control-plane/model/builders.ts'
import { classOf } from '#control-plane/model/device-class.ts'
import type { InstanceEvent } from '#control-plane/model/history.ts'
import type { Job, JobState } from '#control-plane/model/job.ts'
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import type { Instance, Snapshot } from '#control-plane/model/snapshot.ts'
import { mustComeAgain } from './decided-again.fixture.ts'
import { replanRunning } from './replan-running.ts'
import { nothingRemembered, type ElasticMemory } from './state.ts'

export type FluidWorld = {
  /** Samples per second that a unit really makes, and that is measured of it, at a tick. */
  readonly speedOf: (place: string, deviceModel: string, tick: number) => number
  /** What changes besides: agents, prices, links. */
  readonly before?: (snapshot: Snapshot, tick: number) => Snapshot
  readonly tickMs: number
  readonly ticksMax: number
  /** Use becomes known in windows of so long. */
  readonly windowMs: number
}

export type FluidEnd = {
  readonly state: JobState
  readonly job: Job
  readonly ticks: number
  readonly nowMs: number
  /** Really used, whether known or not. */
  readonly usedUsd: number
  readonly plans: readonly Plan[]
  readonly events: readonly InstanceEvent[]
}

export function live(start: Snapshot, world: FluidWorld): FluidEnd {
  const { tickMs, windowMs } = world
  let memory: ElasticMemory = nothingRemembered
  let snapshot = start
  let job = start.jobs[0]!
  let usedUsd = 0
  const plans: Plan[] = [job.plan!]
  const events: InstanceEvent[] = []
  const done = new Map(job.plan!.partitions.map(({ region }) => [region, doneAtStart(start, region)]))
  let tick = 0
  for (; tick < world.ticksMax; tick++) {
    const nowMs = snapshot.nowMs + tickMs
    usedUsd += (hourlyUsd(job.plan!) * tickMs) / 3_600_000
    const isWindow = Math.floor(nowMs / windowMs) > Math.floor(snapshot.nowMs / windowMs)
    const paidUsd = isWindow ? new Map([[job.id, usedUsd]]) : snapshot.paidUsd
    for (const partition of job.plan!.partitions) use(done, partition, world, tick, job)
    const instances = job.plan!.partitions.flatMap((partition) => instancesOf(partition, job, done, world, tick))
    const now: Snapshot = { ...snapshot, nowMs, instances, ...(paidUsd === undefined ? {} : { paidUsd }) }
    const seen = world.before?.(now, tick) ?? now
    if (job.plan!.partitions.every(({ region }) => done.get(region)! >= totalOf(job, region))) break
    const replanned = replanRunning(seen, memory)
    mustComeAgain(replanned.actions, seen.catalogue)
    memory = replanned.memory
    events.push(...(replanned.actions.events ?? []))
    snapshot = applyActions(seen, replanned.actions)
    const next = snapshot.jobs.find(({ id }) => id === job.id)!
    if (next.plan!.version !== job.plan!.version) plans.push(next.plan!)
    job = next
    if (job.state !== 'running') break
  }
  return { state: job.state, job, ticks: tick, nowMs: snapshot.nowMs, usedUsd, plans, events }
}

function doneAtStart({ instances }: Snapshot, region: string): number {
  return (
    instances.find(({ role, partition }) => role === 'parameter-server' && partition === region)?.progress
      ?.samplesDone ?? 0
  )
}

function totalOf(job: Job, region: string): number {
  return job.spec.training.epochs * job.plan!.partitions.find((each) => each.region === region)!.samples
}

function speedOf({ place, allocations }: Partition, world: FluidWorld, tick: number): number {
  return allocations.reduce((sum, { units, deviceModel }) => sum + units * world.speedOf(place, deviceModel, tick), 0)
}

function use(done: Map<string, number>, partition: Partition, world: FluidWorld, tick: number, job: Job): void {
  const more = (speedOf(partition, world, tick) * world.tickMs) / 1000
  const { region } = partition
  done.set(region, Math.min(totalOf(job, region), done.get(region)! + more))
}

function instancesOf(
  partition: Partition,
  job: Job,
  done: ReadonlyMap<string, number>,
  world: FluidWorld,
  tick: number,
): readonly Instance[] {
  const { region, place, moves, allocations } = partition
  const id = `${job.id}/${region}@${place}.${moves}`
  const samplesDone = Math.floor(done.get(region)!)
  const total = totalOf(job, region)
  const progress = someProgress(region, {
    samplesDone,
    samplesTotal: total,
    phase: samplesDone >= total ? 'draining' : 'training',
    steps: 100 * (tick + 1),
    rounds: tick + 1,
    workers: allocations.reduce((sum, { units }) => sum + units, 0),
    samplesPerSecond: speedOf(partition, world, tick),
  })
  const of = { jobId: job.id, region: place, partition: region }
  const server = anInstance({ ...of, id: `${id}/ps`, role: 'parameter-server', units: 0, progress })
  const workers = allocations.flatMap((each, n) =>
    Array.from({ length: each.units }, (_, k) => anInstance({ ...of, ...classOf(each), id: `${id}/worker-${n}-${k}` })),
  )
  return [server, ...workers]
}

function hourlyUsd({ partitions }: Plan): number {
  return partitions
    .flatMap(({ allocations }) => allocations)
    .reduce((sum, { units, usdPerUnitHour }) => sum + units * usdPerUnitHour, 0)
}

// What the processes on a device show: who is active, how long cycles take and what is left of objectives, where bubbles are and
// whether filling them costs anything, and who starves. The first half of a tick; decide.ts is the second. Pure.
import type { BarrierClient, Starvation } from './barrier.ts'
import { noBubbles, watchBubbles } from './bubbles.ts'
import type { SharingConfig } from './config.ts'
import { addCycles, cycleLatencyUs, noCycles } from './cycles.ts'
import type { DeviceMemory, DeviceSnapshot, InstanceMemory, ProcessMemory, ProcessProgress } from './device-state.ts'
import type { LatencyClient } from './dilu.ts'
import { beginFilling, guardFilling } from './fill.ts'
import type { SharedInstance } from './gpu-sharing.ts'
import { queueDoneNs, type Progress } from './readings.ts'
import { judgeSlo, type SloVerdict } from './slo.ts'
import { recently } from './use.ts'

export type Process = ProcessProgress & { readonly memory: ProcessMemory }

type Group = {
  readonly instance: SharedInstance
  readonly before: InstanceMemory | undefined
  readonly processes: readonly Process[]
  readonly spentNs: number
  /** It launched, was busy or waited lately. */
  readonly isActive: boolean
  readonly idleMs: number
}

export type Watched = Group & { readonly verdict: SloVerdict }

export function watchDevice(before: DeviceMemory, snapshot: DeviceSnapshot, config: SharingConfig): readonly Watched[] {
  const groups = snapshot.instances.map((instance) => groupOf(instance, before, snapshot, config))
  const confined = groups.filter(({ instance }) => instance.role === 'confined')
  const hasFillers = confined.some(({ processes }) => processes.length > 0)
  const filledNs = sum(confined, ({ spentNs }) => spentNs)
  return groups.map((group) => watch(group, snapshot, hasFillers, filledNs, config))
}

function groupOf(
  instance: SharedInstance,
  before: DeviceMemory,
  snapshot: DeviceSnapshot,
  config: SharingConfig,
): Group {
  const processes = snapshot.processes
    .filter((client) => client.instanceId === instance.instanceId)
    .map((client) => {
      const fresh: ProcessMemory = { cycles: noCycles, chargedNs: 0, bubbles: noBubbles, fill: null }
      return { ...client, memory: before.processes.get(client.claimId) ?? fresh }
    })
  const idleMs = Math.min(Infinity, ...processes.map(({ progress }) => idleMsOf(progress, snapshot.nowNs)))
  return {
    instance,
    before: before.instances.get(instance.instanceId),
    processes,
    spentNs: sum(processes, ({ progress }) => progress.spentNs),
    isActive: idleMs <= config.dilu.activeMs || processes.some(({ progress }) => progress.reading.isWaiting),
    idleMs,
  }
}

/** A process that never synchronises is idle once what it launched must be done. */
function idleMsOf({ reading }: Progress, nowNs: number): number {
  if (reading.lastLaunchNs === 0) return Infinity
  const doneNs = queueDoneNs(reading) ?? (reading.isBusy ? nowNs : reading.lastLaunchNs)
  return Math.max(0, nowNs - Math.max(doneNs, reading.lastLaunchNs)) / 1e6
}

/** Cycles of latency clients, bubbles of trainings that come first. */
function watch(
  group: Group,
  snapshot: DeviceSnapshot,
  hasFillers: boolean,
  filledNs: number,
  config: SharingConfig,
): Watched {
  const { instance } = group
  const { nowNs, elapsedNs } = snapshot
  const processes = group.processes.map((client): Process => {
    if (instance.role === 'confined') return client
    if (instance.work === 'inference') return { ...client, memory: withCycles(client, config) }
    const bubbles = watchBubbles(client.memory.bubbles, client.progress.reading, nowNs, elapsedNs, config.bubbles)
    const fill = hasFillers ? (client.memory.fill ?? beginFilling(nowNs, config.fill)) : null
    const guarded = fill === null ? null : guardFilling(fill, bubbles, filledNs, nowNs, config.fill)
    return { ...client, memory: { ...client.memory, bubbles, fill: guarded } }
  })
  const told = snapshot.latencies.get(instance.instanceId)
  const cycleUs = processes.map(({ memory }) => cycleLatencyUs(memory.cycles, config.cycles))
  const verdict = judgeSlo(
    {
      objective: instance.objective,
      measured: told?.sample ?? null,
      measuredAgeMs: told?.ageMs ?? Infinity,
      cycleUs: cycleUs.reduce((worst, us) => (us === null || (worst !== null && worst > us) ? worst : us), null),
      cyclesSeen: sum(processes, ({ memory }) => memory.cycles.seen),
    },
    config.slo,
  )
  return { ...group, processes, verdict }
}

/** What was charged between two ends of cycles is shared among the cycles that ended. */
function withCycles({ memory, progress }: Process, config: SharingConfig): ProcessMemory {
  const chargedNs = memory.chargedNs + progress.spentNs
  if (progress.cyclesEnded === 0) return { ...memory, chargedNs }
  const workNs = chargedNs / progress.cyclesEnded
  const cycles = addCycles(memory.cycles, progress.cyclesUs, workNs, config.dilu.outlier, config.cycles)
  return { ...memory, cycles, chargedNs: 0 }
}

export function isLatencyClient({ instance }: Pick<Watched, 'instance'>): boolean {
  return instance.role === 'protected' && instance.work === 'inference'
}

export function latencyClient(group: Watched): LatencyClient {
  const inflations = group.processes.flatMap(({ memory }) => memory.cycles.inflation ?? [])
  return {
    instanceId: group.instance.instanceId,
    isTokenByToken: group.instance.isTokenByToken,
    inflation: inflations.length === 0 ? null : Math.max(...inflations),
    cyclesSeen: sum(group.processes, ({ memory }) => memory.cycles.seen),
    idleMs: group.idleMs,
    slo: group.verdict,
  }
}

/** `opensNs`: since when each primary's bubbles have been filled; 0 while it is measured alone. */
export function barrierClients(
  group: Watched,
  opensNs: readonly number[],
  { nowNs }: DeviceSnapshot,
  config: SharingConfig,
): readonly BarrierClient[] {
  const { instance } = group
  return group.processes.map(({ slot, progress: { reading } }) => ({
    slot,
    instanceId: instance.instanceId,
    role: instance.role,
    work: instance.work,
    isTokenByToken: instance.isTokenByToken,
    objective: instance.objective,
    lastLaunchNs: reading.lastLaunchNs,
    gapUs: reading.hostGapNs / 1000,
    starves: opensNs.some((ns) => nowNs - ns < config.useWindowMs * 1e6 || ns === 0)
      ? 'no'
      : starvationOf(group, nowNs, config),
  }))
}

/** It waited a good part of the last second, for others and not for tokens of its own, and had less than its request. */
function starvationOf(group: Group, nowNs: number, config: SharingConfig): Starvation {
  const { requestMilli } = group.instance.share
  const account = group.before?.account
  if (requestMilli === 0 || account === undefined || nowNs - account.sinceNs < config.useWindowMs * 1e6) return 'no'
  if (group.before!.balanceNs <= 0) return 'no'
  const { usedMilli, bubbleMilli, waitedMs } = recently(account, nowNs, config.useWindowMs)
  const isWaiting = group.processes.some(({ progress }) => progress.reading.isWaiting)
  const isStarved =
    isWaiting && waitedMs > config.useWindowMs / 4 && usedMilli < requestMilli * config.barrier.starvedBelow
  if (!isStarved) return 'no'
  // Whoever has hardly anything of bubbles that would do has work that is longer than they are.
  const fits = bubbleMilli >= requestMilli && usedMilli >= requestMilli / 2
  return fits ? 'in-bubbles' : 'outright'
}

export function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0)
}

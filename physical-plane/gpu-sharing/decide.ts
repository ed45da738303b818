// One tick of one device: from what its processes have done to what each is told. Everything that moves between ticks is in
// `DeviceMemory`, everything that comes from outside in the snapshot, so that a recorded device can be decided again. Pure.
import { barrierOf, type BarrierClient } from './barrier.ts'
import { noBubbles, watchBubbles, type BubbleModel } from './bubbles.ts'
import type { SharingConfig } from './config.ts'
import { addCycles, cyclePercentileUs, forgetInflation, noCycles, type CycleModel } from './cycles.ts'
import { firstLevel, moveLevel, type LatencyClient, type Level } from './dilu.ts'
import { beginFilling, guardFilling, openingOf, type FillModel, type Opening } from './fill.ts'
import type { LatencySample, SharedInstance } from './gpu-sharing.ts'
import type { Order } from './layout.ts'
import type { Progress } from './readings.ts'
import { quotas, type ShareClient } from './shares.ts'
import { judgeSlo, type SloVerdict } from './slo.ts'
import { fullBalanceNs, grantedNs, nextBalanceNs } from './tokens.ts'
import { addSpending, openAccount, recently, type Account } from './use.ts'

export type DeviceSnapshot = {
  readonly nowNs: number
  readonly elapsedNs: number
  /** All that are registered, by id. */
  readonly instances: readonly SharedInstance[]
  /** Of registered instances. */
  readonly processes: readonly ProcessProgress[]
  /** By instance: what its serving side last said, and how long ago that was new. */
  readonly latencies: ReadonlyMap<string, { readonly sample: LatencySample; readonly ageMs: number }>
}

export type ProcessProgress = {
  readonly slot: number
  /** Of this life of the slot: another claim is another process. */
  readonly claimId: string
  readonly instanceId: string
  readonly progress: Progress
}

export type DeviceMemory = {
  readonly level: Level
  /** By claim. */
  readonly processes: ReadonlyMap<string, ProcessMemory>
  /** By instance. */
  readonly instances: ReadonlyMap<string, InstanceMemory>
}

export type ProcessMemory = {
  readonly cycles: CycleModel
  /** Charged since the last cycle ended. */
  readonly chargedNs: number
  readonly bubbles: BubbleModel
  /** Set while somebody fills this one's bubbles. */
  readonly fill: FillModel | null
}

export type InstanceMemory = {
  readonly account: Account
  readonly balanceNs: number
  readonly quotaMilli: number
  readonly memoryBytes: number
  readonly processes: number
  readonly verdict: SloVerdict
  readonly state: Level['state'] | BubbleModel['state']
  readonly reason: string
  /** 0: it is not. */
  readonly exhaustedSinceNs: number
}

export type Decision = {
  readonly memory: DeviceMemory
  readonly orders: ReadonlyMap<number, Order>
}

export const emptyMemory: DeviceMemory = { level: firstLevel, processes: new Map(), instances: new Map() }

/** A later run of the same instance begins anew. */
export function forgetInstance(memory: DeviceMemory, instanceId: string): DeviceMemory {
  return { ...memory, instances: new Map([...memory.instances].filter(([id]) => id !== instanceId)) }
}

export function decide(before: DeviceMemory, snapshot: DeviceSnapshot, config: SharingConfig): Decision {
  const groups = snapshot.instances.map((instance) => groupOf(instance, before, snapshot, config))
  const hasFillers = groups.some((group) => group.instance.role === 'confined' && group.processes.length > 0)
  const filledNs = sum(groups, (group) => (group.instance.role === 'confined' ? group.spentNs : 0))
  const watched = groups.map((group) => watch(group, snapshot, hasFillers, filledNs, config))

  const latencyClients = watched.filter(isLatencyClient).map((group) => latencyClient(group))
  const level = moveLevel(before.level, latencyClients, config.dilu)
  const quota = quotas(
    watched.map((group): ShareClient => ({ ...group.instance, isActive: group.isActive })),
    level.level,
    config.tokens.wholeMilli,
  )
  const openings = watched.flatMap((group) =>
    group.processes.flatMap(({ memory: { fill, bubbles } }) =>
      fill === null ? [] : [{ ...openingOf(fill, bubbles, snapshot.nowNs, config.fill), budget: fill.budget, bubbles }],
    ),
  )
  const barriers = watched.flatMap((group) => barrierClients(group, snapshot, config))
  const orders = new Map<number, Order>()
  const processes = new Map<string, ProcessMemory>()
  const instances = new Map<string, InstanceMemory>()
  for (const group of watched) {
    const quotaMilli = quota.get(group.instance.instanceId)!
    const ordered = orderGroup(group, { quotaMilli, level, openings, barriers, snapshot, watched, config })
    instances.set(group.instance.instanceId, ordered.memory)
    for (const [slot, order] of ordered.orders) orders.set(slot, order)
    for (const { claimId, memory } of group.processes)
      processes.set(claimId, {
        ...memory,
        cycles:
          level.hasActed && level.worst === group.instance.instanceId ? forgetInflation(memory.cycles) : memory.cycles,
      })
  }
  return { memory: { level, processes, instances }, orders }
}

type Process = ProcessProgress & { readonly memory: ProcessMemory }

type Group = {
  readonly instance: SharedInstance
  readonly before: InstanceMemory | undefined
  readonly processes: readonly Process[]
  readonly spentNs: number
  /** It launched, was busy or waited lately. */
  readonly isActive: boolean
  readonly idleMs: number
}

type Watched = Group & { readonly verdict: SloVerdict }

function groupOf(
  instance: SharedInstance,
  before: DeviceMemory,
  snapshot: DeviceSnapshot,
  config: SharingConfig,
): Group {
  const processes = snapshot.processes
    .filter((process) => process.instanceId === instance.instanceId)
    .map((process) => {
      const fresh: ProcessMemory = { cycles: noCycles, chargedNs: 0, bubbles: noBubbles, fill: null }
      return { ...process, memory: before.processes.get(process.claimId) ?? fresh }
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
  const doneNs = reading.lastLaunchNs + reading.queueUs * 1250
  if (reading.isBusy && nowNs < doneNs + 1e8) return 0
  return Math.max(0, nowNs - doneNs) / 1e6
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
  const processes = group.processes.map((process): Process => {
    if (instance.role === 'confined') return process
    if (instance.work === 'inference') return { ...process, memory: withCycles(process, config) }
    const bubbles = watchBubbles(process.memory.bubbles, process.progress.reading, nowNs, elapsedNs, config.bubbles)
    const fill = hasFillers ? (process.memory.fill ?? beginFilling(nowNs, config.fill)) : null
    const guarded = fill === null ? null : guardFilling(fill, bubbles, filledNs, nowNs, config.fill)
    return { ...process, memory: { ...process.memory, bubbles, fill: guarded } }
  })
  const told = snapshot.latencies.get(instance.instanceId)
  const cycleUs = processes.map(({ memory }) => cyclePercentileUs(memory.cycles, 95, config.cycles))
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

function isLatencyClient(group: Watched): boolean {
  return group.instance.role === 'protected' && group.instance.work === 'inference'
}

function latencyClient(group: Watched): LatencyClient {
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

function barrierClients(group: Watched, { nowNs }: DeviceSnapshot, config: SharingConfig): readonly BarrierClient[] {
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
    isStarved: isStarved(group, nowNs, config),
  }))
}

/** It waited a good part of the last second, is not new, and had less than its request. */
function isStarved(group: Group, nowNs: number, config: SharingConfig): boolean {
  const { requestMilli } = group.instance.share
  const account = group.before?.account
  if (requestMilli === 0 || account === undefined || nowNs - account.sinceNs < config.useWindowMs * 1e6) return false
  const { usedMilli, waitedMs } = recently(account, nowNs, config.useWindowMs)
  const isWaiting = group.processes.some(({ progress }) => progress.reading.isWaiting)
  return isWaiting && waitedMs > config.useWindowMs / 4 && usedMilli < requestMilli * config.barrier.starvedBelow
}

type Context = {
  readonly quotaMilli: number
  readonly level: Level
  readonly openings: readonly (Opening & { readonly budget: number; readonly bubbles: BubbleModel })[]
  readonly barriers: readonly BarrierClient[]
  readonly snapshot: DeviceSnapshot
  readonly watched: readonly Watched[]
  readonly config: SharingConfig
}

function orderGroup(
  group: Watched,
  context: Context,
): { readonly memory: InstanceMemory; readonly orders: readonly (readonly [number, Order])[] } {
  const { quotaMilli, level, openings, snapshot, config } = context
  const { instance, before } = group
  const { nowNs, elapsedNs } = snapshot
  const isConfined = instance.role === 'confined'
  const balanceNs = nextBalanceNs(
    before?.balanceNs ?? fullBalanceNs(quotaMilli, instance.role, config.tokens),
    group.spentNs,
    elapsedNs,
    { quotaMilli, role: instance.role },
    config.tokens,
  )
  const account = addSpending(
    before?.account ?? openAccount(nowNs),
    {
      spentNs: group.spentNs,
      waits: sum(group.processes, ({ progress }) => progress.waits),
      waitedNs: sum(group.processes, ({ progress }) => progress.waitedNs),
      bubbleNs: isConfined ? Math.max(0, ...openings.map(({ bubbles }) => bubbles.bubbleNsInTick)) : 0,
    },
    nowNs,
    config.useWindowMs,
  )
  const opening = isConfined ? tightest(openings) : null
  const budget = Math.min(1, ...openings.map((each) => each.budget))
  const memoryBytes = sum(group.processes, ({ progress }) => progress.reading.memoryBytes)
  const reasons: string[] = []
  const orders = group.processes.map(({ slot, progress: { reading } }): readonly [number, Order] => {
    const client = context.barriers.find((each) => each.slot === slot)!
    const { because, ...barrier } = barrierOf(client, context.barriers, budget, config)
    reasons.push(because)
    const mode = opening?.isOpen === false ? 'stop' : quotaMilli >= config.tokens.wholeMilli ? 'pass' : 'tokens'
    const limit = instance.share.memoryBytes
    return [
      slot,
      {
        ...barrier,
        mode,
        grantedNs: mode === 'tokens' ? grantedNs(reading.spentNs, balanceNs) : 0,
        // What its siblings have is not there for it.
        memoryLimitBytes: limit === 0 ? 0 : Math.max(1, limit - (memoryBytes - reading.memoryBytes)),
        openUntilNs: opening?.openUntilNs ?? 0,
      },
    ]
  })
  const exhaustedSinceNs = !isExhausted(group, context) ? 0 : before?.exhaustedSinceNs || nowNs
  const state = !isConfined ? '' : opening === null ? level.state : (tightestBubble(openings)?.state ?? 'BUSY')
  const why = !isConfined ? group.verdict.because : opening === null ? level.because : opening.because
  const { requestMilli, limitMilli } = instance.share
  const reason = [
    `quota ${quotaMilli} of ${requestMilli} to ${limitMilli}: ${why}`,
    reasons[0] ?? 'no process yet',
  ].join('; ')
  const { length } = group.processes
  const { verdict } = group
  const memory = {
    account,
    balanceNs,
    quotaMilli,
    memoryBytes,
    processes: length,
    verdict,
    state,
    reason,
    exhaustedSinceNs,
  }
  return { memory, orders }
}

/** Over its objective while nothing more can be had from its neighbours: only more instances help. */
function isExhausted(group: Watched, { watched, quotaMilli, level, config }: Context): boolean {
  if (!isLatencyClient(group) || group.verdict.ratio === null || group.verdict.ratio <= 1) return false
  const takers = watched.some((other) => other.instance.role === 'confined' && other.isActive)
  return quotaMilli >= group.instance.share.limitMilli || level.level <= config.dilu.floor || !takers
}

/** Of several primaries: closed if any says so, else the earliest end. */
function tightest(openings: Context['openings']): Opening | null {
  let tight: Opening | null = null
  for (const opening of openings) {
    const endNs = (each: Opening): number => (!each.isOpen ? -1 : each.openUntilNs === 0 ? Infinity : each.openUntilNs)
    if (tight === null || endNs(opening) < endNs(tight)) tight = opening
  }
  return tight
}

function tightestBubble(openings: Context['openings']): BubbleModel | null {
  const order = { BUSY: 0, PROBE: 1, OPEN: 2 } as const
  return openings.map(({ bubbles }) => bubbles).sort((a, b) => order[a.state] - order[b.state])[0] ?? null
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0)
}

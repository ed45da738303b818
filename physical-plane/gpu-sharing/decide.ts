// One tick of one device: from what its processes have done to what each is told. Who is cut how far (dilu.ts), who may have how
// much (shares.ts), what fills bubbles (fill.ts) and who yields to whom (barrier.ts) come together here. Pure.
import { barrierOf, type BarrierClient } from './barrier.ts'
import type { BubbleModel } from './bubbles.ts'
import type { SharingConfig } from './config.ts'
import { forgetInflation } from './cycles.ts'
import {
  noTokenMemory,
  type Decision,
  type DeviceMemory,
  type DeviceSnapshot,
  type InstanceMemory,
  type ProcessMemory,
} from './device-state.ts'
import { moveLevel, type Level } from './dilu.ts'
import { openingOf, type Opening } from './fill.ts'
import { passOrder, type Order } from './layout.ts'
import { quotas, type ShareClient } from './shares.ts'
import { fullBalanceNs, grantedNs, nextBalanceNs } from './tokens.ts'
import { addSpending, openAccount } from './use.ts'
import { barrierClients, isLatencyClient, latencyClient, sum, watchDevice, type Watched } from './watch-device.ts'

export function decide(before: DeviceMemory, snapshot: DeviceSnapshot, config: SharingConfig): Decision {
  const watched = watchDevice(before, snapshot, config)
  const latencyClients = watched.filter(isLatencyClient).map((group) => latencyClient(group))
  const level = moveLevel(before.level, latencyClients, config.dilu, levelFloor(watched, config))
  const quota = quotas(
    watched.map((group): ShareClient => ({ ...group.instance, isActive: group.isActive })),
    level.level,
    config.tokens.wholeMilli,
  )
  const fills = watched.flatMap(({ processes }) =>
    processes.flatMap(({ memory: { fill, bubbles } }) => (fill === null ? [] : [{ fill, bubbles }])),
  )
  const opened = (wholeBubbles: boolean): Context['openings'] =>
    fills.map(({ fill, bubbles }) => {
      const budget = wholeBubbles ? 1 : fill.budget
      return { ...openingOf({ ...fill, budget }, bubbles, snapshot.nowNs, config), budget, bubbles }
    })
  const openings = opened(false)
  const wholeOpenings = opened(true)
  const opensNs = fills.map(({ fill }) => fill.openSinceNs)
  const barriers = watched.flatMap((group) => barrierClients(group, opensNs, snapshot, config))
  const orders = new Map<number, Order>()
  const processes = new Map<string, ProcessMemory>()
  const instances = new Map<string, InstanceMemory>()
  for (const group of watched) {
    const quotaMilli = quota.get(group.instance.instanceId)!
    const ordered = orderGroup(group, {
      quotaMilli,
      level,
      openings,
      wholeOpenings,
      barriers,
      snapshot,
      watched,
      config,
    })
    instances.set(group.instance.instanceId, ordered.memory)
    for (const [slot, order] of ordered.orders) orders.set(slot, order)
    for (const { claimId, memory } of group.processes)
      processes.set(claimId, {
        ...memory,
        cycles:
          level.hasActed && level.worst === group.instance.instanceId ? forgetInflation(memory.cycles) : memory.cycles,
      })
  }
  return { memory: { level, processes, instances, tokens: noTokenMemory }, orders }
}

/** Where the last of the confined clients is down to its request. */
function levelFloor(watched: readonly Watched[], config: SharingConfig): number {
  const confined = watched.filter(({ instance, isActive }) => instance.role === 'confined' && isActive)
  const floors = confined.map(({ instance: { share } }) => share.requestMilli / share.limitMilli)
  return floors.length === 0 ? config.dilu.floor : Math.max(config.dilu.floor, Math.min(...floors))
}

type Context = {
  readonly quotaMilli: number
  readonly level: Level
  readonly openings: readonly (Opening & { readonly budget: number; readonly bubbles: BubbleModel })[]
  /** The same with all of each bubble. */
  readonly wholeOpenings: Context['openings']
  readonly barriers: readonly BarrierClient[]
  readonly snapshot: DeviceSnapshot
  readonly watched: readonly Watched[]
  readonly config: SharingConfig
}

function orderGroup(
  group: Watched,
  context: Context,
): { readonly memory: InstanceMemory; readonly orders: readonly (readonly [number, Order])[] } {
  const { quotaMilli, level, openings, wholeOpenings, snapshot, config } = context
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
    const fillBarrierUs = openings.length === 0 ? null : Math.max(...openings.map((each) => each.barrierUs))
    const { because, ...barrier } = barrierOf(client, context.barriers, { budget, barrierUs: fillBarrierUs }, config)
    reasons.push(because)
    // A guarantee that bubbles can hold is kept in them, whatever the budget, before it is kept beside the primary.
    const bounds = { no: openings, 'in-bubbles': wholeOpenings, outright: [] }[client.starves]
    const mode = opening?.isOpen === false ? 'stop' : quotaMilli >= config.tokens.wholeMilli ? 'pass' : 'tokens'
    const limit = instance.share.memoryBytes
    return [
      slot,
      {
        ...passOrder,
        ...barrier,
        mode,
        grantedNs: mode === 'tokens' ? grantedNs(reading.spentNs, balanceNs) : 0,
        // What its siblings have is not there for it.
        memoryLimitBytes: limit === 0 ? 0 : Math.max(1, limit - (memoryBytes - reading.memoryBytes)),
        openUntilNs: isConfined ? (tightest(bounds)?.openUntilNs ?? 0) : 0,
        bubbleUs: isConfined ? shortestBubbleUs(bounds) : 0,
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
  return quotaMilli >= group.instance.share.limitMilli || level.level <= levelFloor(watched, config) || !takers
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

/** Of several primaries the shortest bubble that is foreseen; 0 where none is. */
function shortestBubbleUs(openings: Context['openings']): number {
  const foreseen = openings.map(({ bubbleUs }) => bubbleUs).filter((us) => us > 0)
  return foreseen.length === 0 ? 0 : Math.min(...foreseen)
}

function tightestBubble(openings: Context['openings']): BubbleModel | null {
  const order = { BUSY: 0, PROBE: 1, OPEN: 2 } as const
  return openings.map(({ bubbles }) => bubbles).sort((a, b) => order[a.state] - order[b.state])[0] ?? null
}

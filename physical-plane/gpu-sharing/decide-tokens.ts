// One tick of a device whose instances run on parts of its multiprocessors (or that is told to): who holds a token until when
// (token-scheduler.ts), from what its processes have done. A token is told as an order that ends by itself: the interposer lets nothing
// begin after it, whenever the next tick comes. No barriers and no bubbles here: whoever is ready runs beside the others on its own
// part, and what a function with an objective is guaranteed is its request. Pure.
import { smMilliOf } from './area.ts'
import type { SharingConfig } from './config.ts'
import type {
  Decision,
  DeviceMemory,
  DeviceSnapshot,
  InstanceMemory,
  ProcessMemory,
  TokenMemory,
} from './device-state.ts'
import { firstLevel } from './dilu.ts'
import { passOrder, type Order } from './layout.ts'
import {
  chargeOveruse,
  deficitOf,
  giveBack,
  grantTokens,
  heldUntilNs,
  type Token,
  type TokenClient,
  type TokenState,
} from './token-scheduler.ts'
import { addSpending, openAccount } from './use.ts'
import { sum, watchDevice, type Watched } from './watch-device.ts'

export function decideByTokens(before: DeviceMemory, snapshot: DeviceSnapshot, config: SharingConfig): Decision {
  const { nowNs } = snapshot
  const watched = watchDevice(before, snapshot, config)
  const settled = settle(before.tokens, watched, nowNs, config)
  const active = watched.filter((group) => isActive(group, settled.state, nowNs)).map(clientOf)
  const { state, granted } = grantTokens(settled.state, active, nowNs, config.window)
  const allowanceNs = new Map(settled.allowanceNs)
  for (const { id, startNs, endNs } of granted) allowanceNs.set(id, (allowanceNs.get(id) ?? 0) + endNs - startNs)
  const waits = active.some(({ id }) => heldUntilNs(state, id, nowNs) === nowNs)
  const orders = new Map<number, Order>()
  const instances = new Map<string, InstanceMemory>()
  const processes = new Map<string, ProcessMemory>()
  for (const group of watched) {
    const { instanceId } = group.instance
    const isOn = active.some(({ id }) => id === instanceId)
    instances.set(instanceId, remember(group, { state, isOn, isContended: waits, snapshot, config }))
    for (const { claimId, memory } of group.processes) processes.set(claimId, memory)
    for (const [slot, order] of ordersOf(group, state, allowanceNs.get(instanceId) ?? 0, nowNs, config))
      orders.set(slot, order)
  }
  // Written in this order: nobody is let in before the others are out.
  const outFirst = [...orders].sort(([, a], [, b]) => untilNs(a) - untilNs(b))
  return {
    memory: { level: firstLevel, processes, instances, tokens: { state, allowanceNs } },
    orders: new Map(outFirst),
  }
}

export function clientOf({ instance: { instanceId: id, share } }: Pick<Watched, 'instance'>): TokenClient {
  const { requestMilli, limitMilli } = share
  return { id, requestMilli, limitMilli, smMilli: smMilliOf(share) }
}

/** What was charged since the last tick; tokens that nobody needs any more; what those that have ended owe. */
function settle(before: TokenMemory, watched: readonly Watched[], nowNs: number, config: SharingConfig): TokenMemory {
  let { state } = before
  const allowanceNs = new Map<string, number>()
  const groups = new Map(watched.map((group) => [group.instance.instanceId, group]))
  const holders = new Set(state.tokens.filter(({ endNs }) => endNs > nowNs).map(({ id }) => id))
  for (const id of holders) {
    const group = groups.get(id)
    if (group === undefined || hasReturned(group, state, nowNs, config)) state = giveBack(state, id, nowNs)
  }
  for (const [id, leftNs] of before.allowanceNs) {
    const group = groups.get(id)
    if (group === undefined) continue
    const chargedNs = leftNs - group.spentNs
    if (heldUntilNs(state, id, nowNs) > nowNs) allowanceNs.set(id, chargedNs)
    else if (chargedNs < 0) state = chargeOveruse(state, clientOf(group), -chargedNs, nowNs, config.window)
  }
  return { state, allowanceNs }
}

/** It has had nothing to launch for a while, and had the time to. */
function hasReturned(group: Watched, { tokens }: TokenState, nowNs: number, config: SharingConfig): boolean {
  const own = tokens.filter(({ id, endNs }) => id === group.instance.instanceId && endNs > nowNs)
  const startNs = Math.min(...own.map((token) => token.startNs))
  const readings = group.processes.map(({ progress }) => progress.reading)
  if (readings.some(({ isBusy, isWaiting }) => isBusy || isWaiting)) return false
  const idleNs = Math.max(startNs, ...readings.map(({ idleSinceNs }) => idleSinceNs))
  return nowNs - idleNs >= config.window.returnAfterMs * 1e6
}

/** It waits for a token, or has one and works. */
function isActive({ instance, processes }: Watched, state: TokenState, nowNs: number): boolean {
  const holds = heldUntilNs(state, instance.instanceId, nowNs) > nowNs
  return processes.some(
    ({ progress: { reading, launches } }) => reading.isWaiting || (holds && (reading.isBusy || launches > 0)),
  )
}

function ordersOf(
  group: Watched,
  { tokens }: TokenState,
  allowanceNs: number,
  nowNs: number,
  config: SharingConfig,
): readonly (readonly [number, Order])[] {
  const own = tokens.filter(({ id, endNs }) => id === group.instance.instanceId && endNs > nowNs)
  const last = own.reduce<Token | null>((latest, token) => (latest === null ? token : later(latest, token)), null)
  const memoryBytes = sum(group.processes, ({ progress }) => progress.reading.memoryBytes)
  const limit = group.instance.share.memoryBytes
  return group.processes.map(({ slot, progress: { reading } }) => [
    slot,
    {
      ...passOrder,
      mode: 'window',
      grantedNs: last === null ? 0 : Math.floor(reading.spentNs + Math.max(0, allowanceNs)),
      windows: last === null ? [] : [{ fromNs: 0, untilNs: Math.floor(last.endNs) }],
      tokenUs: last === null ? 0 : Math.ceil((last.endNs - last.startNs) / 1000),
      blockMaxUs: config.window.blockMaxMs * 1000,
      // What its siblings have is not there for it.
      memoryLimitBytes: limit === 0 ? 0 : Math.max(1, limit - (memoryBytes - reading.memoryBytes)),
    },
  ])
}

function untilNs({ windows }: Order): number {
  return windows.at(-1)?.untilNs ?? 0
}

function later(a: Token, b: Token): Token {
  return b.endNs > a.endNs ? b : a
}

type Told = {
  readonly state: TokenState
  readonly isOn: boolean
  /** Somebody waits that does not fit. */
  readonly isContended: boolean
  readonly snapshot: DeviceSnapshot
  readonly config: SharingConfig
}

function remember(group: Watched, { state, isOn, isContended, snapshot, config }: Told): InstanceMemory {
  const { before, verdict, processes } = group
  const { nowNs } = snapshot
  const client = clientOf(group)
  const account = addSpending(
    before?.account ?? openAccount(nowNs),
    {
      // Of the whole device, as everywhere else: time, times the part that it was spent on.
      spentNs: (group.spentNs * client.smMilli) / 1000,
      waits: sum(processes, ({ progress }) => progress.waits),
      waitedNs: sum(processes, ({ progress }) => progress.waitedNs),
      bubbleNs: 0,
    },
    nowNs,
    config.useWindowMs,
  )
  const { usedNs } = deficitOf(state, client, nowNs, config.window)
  const { windowMs } = config.window
  const hadMilli = Math.round(usedNs / (windowMs * 1e3))
  const { requestMilli, limitMilli, smMilli } = client
  const quotaMilli = isContended ? Math.min(limitMilli, Math.max(requestMilli, hadMilli)) : limitMilli
  const heldMs = (heldUntilNs(state, client.id, nowNs) - nowNs) / 1e6
  const doing = heldMs > 0 ? `holds them for ${heldMs.toFixed(1)} ms more` : isOn ? 'waits' : 'has nothing to launch'
  const isOver = verdict.ratio !== null && verdict.ratio > 1 && isOn
  return {
    account,
    balanceNs: 0,
    quotaMilli,
    memoryBytes: sum(processes, ({ progress }) => progress.reading.memoryBytes),
    processes: processes.length,
    verdict,
    state: '',
    reason: `${requestMilli} to ${limitMilli} of the time on ${smMilli} of the multiprocessors: ${doing}, had ${(usedNs / 1e6).toFixed(1)} of the last ${windowMs} ms; ${verdict.because}`,
    exhaustedSinceNs: isOver && (isContended || quotaMilli >= limitMilli) ? before?.exhaustedSinceNs || nowNs : 0,
  }
}

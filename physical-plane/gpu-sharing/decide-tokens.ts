// One tick of a device whose instances run on parts of its multiprocessors (or that is told to): who holds tokens from when until when
// (token-plan.ts), from what its processes have done. Each is told its windows ahead; the interposer lets nothing begin outside
// them, whenever the next tick comes. Whoever is ready runs beside the others on its own part. What a function with an objective is
// owed goes first, and takes what others have beyond their requests; whoever has no request fills what is left. Pure.
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
import { layoutConstants, passOrder, type Order, type Window } from './layout.ts'
import { queueDoneNs } from './readings.ts'
import { planTokens } from './token-plan.ts'
import {
  chargeOveruse,
  deficitOf,
  giveBack,
  wholeTokenNs,
  type TokenClient,
  type TokenState,
} from './token-scheduler.ts'
import { addSpending, openAccount } from './use.ts'
import { isLatencyClient, sum, watchDevice, type Process, type Watched } from './watch-device.ts'

export function decideByTokens(before: DeviceMemory, snapshot: DeviceSnapshot, config: SharingConfig): Decision {
  const { nowNs } = snapshot
  const watched = watchDevice(before, snapshot, config)
  const settled = settle(before.tokens, watched, nowNs, config)
  const clients = new Map(watched.map((group) => [group, clientOf(group, watched, config)]))
  const wanting = watched.filter((group) => wantsToLaunch(group, nowNs, config))
  // On an idle device a function with an objective need not wait for a tick: it is open already, and pays for nothing until it works.
  const ready = watched.filter(({ instance, processes: own }) => hasObjective(instance) && own.length > 0)
  const active = (wanting.length > 0 ? wanting : ready).map((group) => clients.get(group)!)
  const all = [...clients.values()]
  const plan = planTokens(settled.plan, { nowNs, all, active, isShaken: settled.isShaken }, config.window)
  const { state } = plan
  const waits = wanting.some(({ instance }) => !holdsNow(state, instance.instanceId, nowNs))
  const allowanceNs = new Map<string, number>()
  const orders = new Map<number, Order>()
  const instances = new Map<string, InstanceMemory>()
  const processes = new Map<string, ProcessMemory>()
  for (const group of watched) {
    const { instanceId } = group.instance
    const client = clients.get(group)!
    const leftNs = remainingNs(state, instanceId, nowNs)
    // Of what was planned anew the difference counts; unused time of a token is gone with it.
    const plannedNs = leftNs - remainingNs(settled.plan.state, instanceId, nowNs)
    const allowedNs = Math.min(leftNs, (settled.allowanceNs.get(instanceId) ?? 0) + plannedNs)
    if (allowedNs !== 0 || leftNs > 0) allowanceNs.set(instanceId, allowedNs)
    const isOn = wanting.includes(group)
    instances.set(instanceId, remember(group, client, { state, isOn, isContended: waits, snapshot, config }))
    for (const { claimId, memory } of group.processes) processes.set(claimId, memory)
    for (const [slot, order] of ordersOf(group, client, state, allowedNs, nowNs, config)) orders.set(slot, order)
  }
  return { memory: { level: firstLevel, processes, instances, tokens: { plan, allowanceNs } }, orders }
}

/** What others have is in pieces where a function with an objective has no room beside it. */
function clientOf({ instance }: Watched, watched: readonly Watched[], config: SharingConfig): TokenClient {
  const { requestMilli, limitMilli } = instance.share
  const client = { id: instance.instanceId, requestMilli, limitMilli, smMilli: smMilliOf(instance.share) }
  if (hasObjective(instance)) return { ...client, comesFirst: true }
  const isInTheWay = watched.some(
    (other) => hasObjective(other.instance) && smMilliOf(other.instance.share) + client.smMilli > wholeMilli,
  )
  return isInTheWay ? { ...client, pieceMs: config.window.pieceMs } : client
}

const wholeMilli = 1000

function hasObjective(instance: Watched['instance']): boolean {
  return isLatencyClient({ instance }) && instance.objective !== null
}

type Settled = TokenMemory & {
  /** Somebody has given its token back, or has overused it. */
  readonly isShaken: boolean
}

/** What was charged since the last tick; tokens that nobody needs any more; what those that have ended owe. */
function settle(before: TokenMemory, watched: readonly Watched[], nowNs: number, config: SharingConfig): Settled {
  let { state } = before.plan
  const groups = new Map(watched.map((group) => [group.instance.instanceId, group]))
  const holders = new Set(state.tokens.filter(({ endNs }) => endNs > nowNs).map(({ id }) => id))
  for (const id of holders) {
    const group = groups.get(id)
    if (group === undefined) state = giveBack(state, id, nowNs)
    // It pays until its work was done: that it kept its part a moment longer is for its own next launch, not its use.
    else if (hasReturned(group, state, nowNs, config)) state = giveBack(state, id, doneNs(group, nowNs))
  }
  const allowanceNs = new Map<string, number>()
  for (const group of watched) {
    const id = group.instance.instanceId
    const allowedNs = before.allowanceNs.get(id)
    // What was launched before its first token, or while nobody was heard, is not paid for.
    const chargedNs = allowedNs === undefined ? 0 : allowedNs - group.spentNs
    // Small debts are set off against the next token; while it holds one, its device is its own to overuse.
    const isDue = chargedNs < -config.window.debtMsMin * 1e6 && !holdsNow(state, id, nowNs)
    const client = { ...group.instance.share, id, smMilli: wholeMilli }
    if (isDue) state = chargeOveruse(state, client, -chargedNs, nowNs, config.window)
    allowanceNs.set(id, isDue ? 0 : Math.min(chargedNs, remainingNs(state, id, nowNs)))
  }
  return { plan: { ...before.plan, state }, allowanceNs, isShaken: state !== before.plan.state }
}

function holdsNow({ tokens }: TokenState, clientId: string, nowNs: number): boolean {
  return tokens.some(({ id, startNs, endNs }) => id === clientId && startNs <= nowNs && endNs > nowNs)
}

/** Of tokens that it holds and is to get. */
function remainingNs({ tokens }: TokenState, clientId: string, nowNs: number): number {
  const own = tokens.filter(({ id, endNs }) => id === clientId && endNs > nowNs)
  return sum(own, ({ startNs, endNs }) => endNs - Math.max(startNs, nowNs))
}

/** It has had nothing to launch for a while, and had the time to. */
function hasReturned(group: Watched, { tokens }: TokenState, nowNs: number, config: SharingConfig): boolean {
  const own = tokens.filter(({ id, endNs }) => id === group.instance.instanceId && endNs > nowNs)
  const startNs = Math.min(...own.map((token) => token.startNs))
  return nowNs - startNs >= config.window.returnAfterMs * 1e6 && !wantsToLaunch(group, nowNs, config)
}

function doneNs({ processes }: Watched, nowNs: number): number {
  return Math.min(nowNs, Math.max(0, ...processes.map(({ progress: { reading } }) => workUntilNs(reading, nowNs))))
}

/** It waits for a token, has work on the device, or had some until a moment ago. */
function wantsToLaunch({ processes }: Watched, nowNs: number, config: SharingConfig): boolean {
  const sinceNs = nowNs - config.window.returnAfterMs * 1e6
  return processes.some(({ progress: { reading } }) => reading.isWaiting || workUntilNs(reading, nowNs) > sinceNs)
}

/** A process that does not synchronise is done when what it launched must be. */
function workUntilNs(reading: Process['progress']['reading'], nowNs: number): number {
  if (reading.isBusy) return Math.max(reading.lastLaunchNs, queueDoneNs(reading) ?? nowNs)
  return reading.lastLaunchNs === 0 ? 0 : reading.idleSinceNs
}

function ordersOf(
  group: Watched,
  client: TokenClient,
  state: TokenState,
  allowedNs: number,
  nowNs: number,
  config: SharingConfig,
): readonly (readonly [number, Order])[] {
  const { window } = config
  const windows = windowsOf(state, client.id, nowNs, config)
  const memoryBytes = sum(group.processes, ({ progress }) => progress.reading.memoryBytes)
  const limit = group.instance.share.memoryBytes
  // Of what may be cut there is never more in flight than is waited for.
  const mayBeCut = client.requestMilli === 0 || client.pieceMs !== undefined
  const inFlight = mayBeCut ? { segmentsMax: window.segmentsMax, segmentUs: window.segmentUs } : {}
  return group.processes.map(({ slot, progress: { reading } }) => [
    slot,
    {
      ...passOrder,
      ...inFlight,
      mode: 'window',
      grantedNs: windows.length === 0 ? 0 : Math.floor(reading.spentNs + Math.max(0, allowedNs)),
      windows: windows.slice(0, layoutConstants.windows),
      tokenUs: Math.ceil(wholeTokenNs(client, window) / 1000),
      blockMaxUs: window.blockMaxMs * 1000,
      // What its siblings have is not there for it.
      memoryLimitBytes: limit === 0 ? 0 : Math.max(1, limit - (memoryBytes - reading.memoryBytes)),
    },
  ])
}

/** Tokens that follow each other are one window, as far as they are not taken back any more: it may launch into the next. */
function windowsOf({ tokens }: TokenState, clientId: string, nowNs: number, config: SharingConfig): readonly Window[] {
  const settledNs = nowNs + config.window.settleMs * 1e6
  const own = tokens.filter(({ id, endNs }) => id === clientId && endNs > nowNs)
  const windows: Window[] = []
  for (const { startNs, endNs } of own.sort((a, b) => a.startNs - b.startNs)) {
    const last = windows.at(-1)
    if (last === undefined || last.untilNs < startNs || startNs > settledNs)
      windows.push({ fromNs: startNs, untilNs: endNs })
    else windows[windows.length - 1] = { fromNs: last.fromNs, untilNs: endNs }
  }
  return windows.map(({ fromNs, untilNs }) => ({ fromNs: Math.ceil(fromNs), untilNs: Math.floor(untilNs) }))
}

type Told = {
  readonly state: TokenState
  readonly isOn: boolean
  /** Somebody waits that does not fit. */
  readonly isContended: boolean
  readonly snapshot: DeviceSnapshot
  readonly config: SharingConfig
}

function remember(
  group: Watched,
  client: TokenClient,
  { state, isOn, isContended, snapshot, config }: Told,
): InstanceMemory {
  const { before, verdict, processes } = group
  const { nowNs } = snapshot
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
  const window = windowsOf(state, client.id, nowNs, config)[0]
  const inMs = (ns: number): string => ((ns - nowNs) / 1e6).toFixed(1)
  const turn = window === undefined ? 'waits' : `has its turn in ${inMs(window.fromNs)} ms`
  const isHolding = window !== undefined && window.fromNs <= nowNs
  const doing = isHolding ? `holds them for ${inMs(window.untilNs)} ms more` : isOn ? turn : 'has nothing to launch'
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

// Who may use a GPU's multiprocessors now, and for how long: the token scheduler of FaST-GShare (ICPP'23, arXiv 2309.00558). Several
// clients hold tokens at once, each for its part of the multiprocessors, and those parts never add up to more than the device.
// A window of 40 ms, deficits, their order and the length of a token (request x window) as published; each holder is charged in full.
// Not as published, on purpose: a token is no longer than what is left of the limit; who is next and does not fit has the place
// kept for it, and others get shorter tokens until then (else narrow clients starve a wide one); work beyond a token is paid back
// at the limit, however long it is; functions with an objective come first. token-plan.ts looks ahead with this. Pure.
import type { SharingConfig } from './config.ts'

export type TokenClient = {
  readonly id: string
  /** Of time, guaranteed and at most, in thousandths. */
  readonly requestMilli: number
  readonly limitMilli: number
  /** Of the multiprocessors, in thousandths. */
  readonly smMilli: number
  /** It has an objective: what it is owed goes before what others are owed. */
  readonly comesFirst?: boolean
  /** Its tokens are in pieces, since somebody who comes first may want its place. */
  readonly pieceMs?: number
}

export type Token = {
  readonly id: string
  readonly smMilli: number
  readonly startNs: number
  readonly endNs: number
  /** From here on it is more than the client's request: nobody's right. */
  readonly surplusFromNs: number
}

export type TokenState = {
  /** Live ones, those that are to come, and those of the last window. */
  readonly tokens: readonly Token[]
  /** By client: nothing for it until then, because it used more than its token. */
  readonly notBeforeNs: ReadonlyMap<string, number>
}

type Config = SharingConfig['window']

export const noTokens: TokenState = { tokens: [], notBeforeNs: new Map() }

const wholeMilli = 1000

/**
 * `active`: clients that want to launch, or hold a token and have work. Who holds one, or is to get one, is passed over. `turns`: places
 * that a timetable keeps for clients; only who is owed and comes first may have another's.
 */
export function grantTokens(
  before: TokenState,
  active: readonly TokenClient[],
  nowNs: number,
  config: Config,
  turns: readonly Token[] = [],
): { readonly state: TokenState; readonly granted: readonly Token[] } {
  const without = active.filter(({ id }) => heldUntilNs(before, id, nowNs) === nowNs)
  const asks = without.map((client) => askOf(before, client, nowNs, config))
  const owed = asks.filter(({ requestNs, lengthNs }) => requestNs > 0 && lengthNs > 0)
  const others = asks.filter(({ requestNs }) => requestNs <= 0)
  const live = before.tokens.filter(({ endNs }) => endNs > nowNs)
  const granted: Token[] = []
  // Places kept for those who do not fit yet, or whose request begins again soon: nobody behind them is in their way.
  const kept = new Map<string, Token>()
  // Whoever is admitted in this very loop holds its part for those behind it.
  // Who is at its limit leaves its turn to others until then.
  const freeFrom = new Map(asks.map(({ client, freeFromNs }) => [client.id, freeFromNs]))
  const usable = turns.map((turn) => ({ ...turn, startNs: Math.max(turn.startNs, freeFrom.get(turn.id) ?? 0) }))
  const plan = (ask: Ask): readonly Token[] => {
    const isFirst = ask.client.comesFirst === true && ask.requestNs > 0
    return [...live, ...granted, ...kept.values(), ...(isFirst ? [] : usable)]
  }
  const keep = (ask: Ask, fromNs: number, lengthNs: number): void => {
    if (kept.size >= config.placesMax) return
    kept.set(ask.client.id, earliestPlace(plan(ask), ask.client, fromNs, lengthNs))
  }
  const admit = (ask: Ask): boolean => {
    const token = tokenFor(plan(ask), ask, nowNs, config)
    if (token === null) return false
    granted.push(token)
    return kept.delete(ask.client.id) || true
  }
  for (const ask of owed.sort(mostOwed))
    if (!admit(ask)) keep(ask, ask.freeFromNs, Math.max(ask.lengthNs, leastNs(ask.client, config)))
  // Surplus is nobody's right: it ends where somebody's request begins again. Who has none has nothing to keep a place for.
  const entitled = others.filter(({ client }) => client.requestMilli > 0)
  for (const ask of entitled.sort((a, b) => a.owedFromNs - b.owedFromNs || byId(a, b)))
    keep(ask, ask.owedFromNs, Math.max(requestNsOf(ask.client, config), leastNs(ask.client, config)))
  for (const ask of entitled.sort(leastUsed)) admit(ask)
  // What fills ends where anybody else may go on.
  for (const ask of entitled) if (kept.has(ask.client.id)) keep(ask, ask.freeFromNs, leastNs(ask.client, config))
  for (const ask of others.filter(({ client }) => client.requestMilli === 0).sort(leastUsed)) admit(ask)
  return { state: { ...before, tokens: [...before.tokens, ...granted] }, granted }
}

export type Ask = Deficit & {
  readonly client: TokenClient
  /** Less than the least where it is at its limit, which is hard. */
  readonly lengthNs: number
  /** When its request begins to be missed if it gets nothing. */
  readonly owedFromNs: number
  /** When it may have a token: now, or once it is below its limit by enough for a launch and has paid back what it owes. */
  readonly freeFromNs: number
}

export function askOf(state: TokenState, client: TokenClient, nowNs: number, config: Config): Ask {
  const deficit = deficitOf(state, client, nowNs, config)
  const paidBackNs = state.notBeforeNs.get(client.id) ?? 0
  const surplusNs = Math.min(config.surplusMs, client.pieceMs ?? Infinity) * 1e6
  const wholeNs = wholeTokenNs(client, config)
  const wishNs = deficit.requestNs > 0 ? wholeNs : Math.max(wholeNs, surplusNs)
  const lengthNs = nowNs < paidBackNs ? 0 : Math.min(wishNs, roomBelowLimit(state, client.id, nowNs, deficit, config))
  const leftNs = (useNs: number): number => whenLeft(state, client.id, nowNs, useNs, config)
  const least = leastNs(client, config)
  const freeFromNs = lengthNs >= least ? nowNs : Math.max(paidBackNs, leftNs(least - deficit.limitNs))
  return { client, lengthNs, ...deficit, owedFromNs: leftNs(-deficit.requestNs), freeFromNs }
}

/** As long as its request of a window, or in pieces; who has none has surplus. */
export function wholeTokenNs(client: TokenClient, config: Config): number {
  const { requestMilli, pieceMs = Infinity } = client
  const ownNs = requestMilli === 0 ? config.surplusMs * 1e6 : requestNsOf(client, config)
  return Math.min(Math.max(ownNs, leastNs(client, config)), pieceMs * 1e6)
}

/** How long it may run on from then: in no window that ends meanwhile is it above its limit. Old use leaves as time passes. */
function roomBelowLimit(
  { tokens }: TokenState,
  clientId: string,
  atNs: number,
  { limitNs }: Deficit,
  config: Config,
): number {
  const windowFromNs = atNs - windowNs(config)
  let leftNs = limitNs
  let seenNs = windowFromNs
  for (const { id, startNs, endNs } of tokens) {
    if (id !== clientId || endNs <= seenNs) continue
    const gapNs = Math.max(0, startNs - seenNs)
    if (gapNs > leftNs) break
    leftNs -= gapNs
    seenNs = endNs
  }
  return leftNs < 0 ? 0 : seenNs - windowFromNs + leftNs
}

/** When so much of its use will have left the window, which is left from the oldest on. */
function whenLeft({ tokens }: TokenState, clientId: string, atNs: number, useNs: number, config: Config): number {
  let stillNs = useNs
  if (stillNs < 0) return atNs
  const windowFromNs = atNs - windowNs(config)
  for (const { id, startNs, endNs } of tokens) {
    if (id !== clientId || endNs <= windowFromNs) continue
    const fromNs = Math.max(startNs, windowFromNs)
    const lengthNs = Math.min(endNs, atNs) - fromNs
    if (lengthNs > stillNs) return fromNs + stillNs + windowNs(config)
    stillNs -= lengthNs
  }
  return atNs + windowNs(config)
}

/** Null: it does not fit now, or not long enough. */
function tokenFor(plan: readonly Token[], ask: Ask, nowNs: number, config: Config): Token | null {
  const { client, lengthNs, requestNs } = ask
  const endNs = fitsUntil(plan, client, nowNs, nowNs + lengthNs)
  if (endNs - nowNs < leastNs(client, config)) return null
  const surplusFromNs = Math.min(endNs, nowNs + Math.max(0, requestNs))
  return { id: client.id, smMilli: client.smMilli, startNs: nowNs, endNs, surplusFromNs }
}

/** The earliest place where all of it fits. */
export function earliestPlace(plan: readonly Token[], client: TokenClient, fromNs: number, lengthNs: number): Token {
  const { id, smMilli } = client
  const ends = plan.map(({ endNs }) => endNs).filter((ns) => ns > fromNs)
  const starts = [fromNs, ...ends.sort((a, b) => a - b)]
  const startNs = starts.find((ns) => fitsUntil(plan, client, ns, ns + lengthNs) === ns + lengthNs)!
  return { id, smMilli, startNs, endNs: startNs + lengthNs, surplusFromNs: startNs }
}

/** How long, up to `toNs`, its part is free from `fromNs` on. What it holds or is kept for itself is in nobody's way. */
function fitsUntil(plan: readonly Token[], { id, smMilli }: TokenClient, fromNs: number, toNs: number): number {
  const isThen = ({ startNs, endNs }: Token): boolean => startNs < endNs && endNs > fromNs && startNs < toNs
  const others = plan.filter((token) => token.id !== id && isThen(token))
  const changes = [fromNs, ...others.map(({ startNs }) => startNs).filter((ns) => ns > fromNs)]
  // A client is there once, whether it holds a token, or its turn has come, or both.
  const heldAt = (ns: number): number => {
    const held = new Map(others.flatMap((one) => (one.startNs <= ns && ns < one.endNs ? [[one.id, one.smMilli]] : [])))
    return [...held.values()].reduce((sum, milli) => sum + milli, 0)
  }
  return Math.min(toNs, ...changes.filter((ns) => heldAt(ns) + smMilli > wholeMilli))
}

/** As published, but those with an objective before the others. */
export function mostOwed(a: Ask, b: Ask): number {
  return first(b) - first(a) || relative(b) - relative(a) || byId(a, b)
}

function leastUsed(a: Ask, b: Ask): number {
  return first(b) - first(a) || a.usedNs - b.usedNs || byId(a, b)
}

function first({ client }: Ask): number {
  return Number(client.comesFirst === true)
}

function relative({ requestNs, usedNs }: Deficit): number {
  return requestNs / (requestNs + usedNs)
}

function byId(a: Ask, b: Ask): number {
  return a.client.id < b.client.id ? -1 : 1
}

function requestNsOf({ requestMilli }: TokenClient, config: Config): number {
  return (requestMilli / wholeMilli) * windowNs(config)
}

export type Deficit = {
  readonly usedNs: number
  /** What is left of the request and of the limit in the window that ends now; negative where more was used. */
  readonly requestNs: number
  readonly limitNs: number
}

export function deficitOf(state: TokenState, client: TokenClient, atNs: number, config: Config): Deficit {
  const fromNs = atNs - windowNs(config)
  const own = state.tokens.filter(({ id }) => id === client.id)
  const usedNs = own.reduce(
    (sum, { startNs, endNs }) => sum + Math.max(0, Math.min(endNs, atNs) - Math.max(startNs, fromNs)),
    0,
  )
  const part = (milli: number): number => (milli / wholeMilli) * windowNs(config) - usedNs
  return { usedNs, requestNs: part(client.requestMilli), limitNs: part(client.limitMilli) }
}

/** The end of the last token that it holds or is to get; now where there is none. */
export function heldUntilNs({ tokens }: TokenState, clientId: string, nowNs: number): number {
  return tokens.reduce((until, { id, endNs }) => (id === clientId ? Math.max(until, endNs) : until), nowNs)
}

/** It has nothing more to launch since then: its part is free again, and it pays for what it held. */
export function giveBack(state: TokenState, clientId: string, atNs: number): TokenState {
  const tokens = state.tokens.flatMap((token) => {
    if (token.id !== clientId || token.endNs <= atNs) return [token]
    return token.startNs >= atNs ? [] : [{ ...token, endNs: atNs }]
  })
  return { ...state, tokens }
}

/** It used so much more than its tokens, which have ended: that much is paid back at its limit, up to a bound. */
export function chargeOveruse(
  state: TokenState,
  { id, limitMilli }: TokenClient,
  overusedNs: number,
  nowNs: number,
  config: Config,
): TokenState {
  const payNs = Math.min((overusedNs * wholeMilli) / limitMilli, config.debtMsMax * 1e6)
  return { ...state, notBeforeNs: new Map(state.notBeforeNs).set(id, nowNs + payNs) }
}

/** Shorter ones are not worth a launch. */
export function leastNs({ limitMilli }: TokenClient, config: Config): number {
  return Math.min(config.tokenMsMin * 1e6, (limitMilli / wholeMilli) * windowNs(config))
}

function windowNs(config: Config): number {
  return config.windowMs * 1e6
}

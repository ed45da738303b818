// Tokens for the time ahead, as the scheduler will grant them if everybody who wants to launch now goes on wanting to. Processes are
// told theirs ahead, so a token passes from one to the next without a tick, and a tick that comes late costs nobody anything. Whenever
// somebody wakes, rests or overruns, what has not begun is planned anew; what begins within a moment stays, since its client may
// not hear of the change in time. Who is owed and does not fit takes the surplus of others away. Pure.
import type { SharingConfig } from './config.ts'
import {
  askOf,
  earliestPlace,
  grantTokens,
  leastNs,
  mostOwed,
  noTokens,
  type Ask,
  type Token,
  type TokenClient,
  type TokenState,
} from './token-scheduler.ts'
import { noTimetable, timetableOf, turnsFrom, type Timetable } from './timetable.ts'

export type TokenPlan = {
  readonly state: TokenState
  /** Planned until then, for these clients with these shares. */
  readonly toNs: number
  readonly forWhom: string
  readonly timetable: Timetable
}

export type ToPlan = {
  readonly nowNs: number
  /** By id. */
  readonly all: readonly TokenClient[]
  /** Of those: who wants to launch, or holds a token and has work. */
  readonly active: readonly TokenClient[]
  /** What the plan rests on has changed, besides who wants to launch. */
  readonly isShaken: boolean
}

type Config = SharingConfig['window']

export const noPlan: TokenPlan = { state: noTokens, toNs: 0, forWhom: '', timetable: noTimetable }

export function planTokens(before: TokenPlan, { nowNs, all, active, isShaken }: ToPlan, config: Config): TokenPlan {
  const forWhom = JSON.stringify(active.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  const timetable = timetableOf(before.timetable, all, config)
  const isSame = !isShaken && forWhom === before.forWhom && timetable === before.timetable
  const holds = isSame && before.toNs > nowNs
  let state = forgetOld(before.state, nowNs, config)
  if (!holds) state = cutSurplus(revoke(state, nowNs + config.settleMs * 1e6), active, nowNs, config)
  let toNs = holds ? before.toNs : nowNs
  for (let looks = 0; toNs < nowNs + config.aheadMs * 1e6 && looks < config.looksMax; looks++) {
    const turns = turnsFrom(timetable, active, toNs, config)
    state = grantTokens(state, active, toNs, config, turns).state
    toNs = nextLookNs([...state.tokens.map(({ endNs }) => endNs), ...turns.map(({ startNs }) => startNs)], toNs, config)
  }
  return { state, toNs, forWhom, timetable }
}

/** When a token ends or a turn begins, or somebody's old use has left the window. */
function nextLookNs(changesNs: readonly number[], atNs: number, config: Config): number {
  return Math.min(atNs + config.lookMs * 1e6, ...changesNs.filter((ns) => ns > atNs))
}

function revoke(state: TokenState, fromNs: number): TokenState {
  return { ...state, tokens: state.tokens.filter(({ startNs }) => startNs <= fromNs) }
}

/** Of tokens that would keep somebody waiting who is owed: what is beyond the request, and a moment is left for what is in flight. */
function cutSurplus(before: TokenState, active: readonly TokenClient[], nowNs: number, config: Config): TokenState {
  const clients = new Map(active.map((client) => [client.id, client]))
  const holders = new Set(before.tokens.filter(({ endNs }) => endNs > nowNs).map(({ id }) => id))
  const owed = active
    .filter(({ id }) => !holders.has(id))
    .map((client) => askOf(before, client, nowNs, config))
    .filter(({ requestNs, lengthNs, client }) => requestNs > 0 && lengthNs >= leastNs(client, config))
  let state = before
  const places: Token[] = []
  for (const ask of owed.sort(mostOwed)) {
    const { tokens, place } = cutFor(ask, state.tokens, places, clients, nowNs, config)
    state = { ...state, tokens }
    if (places.length < config.placesMax) places.push(place)
  }
  return state
}

/** Fewest tokens first to those who only fill; nothing is cut where that would not let it begin sooner. */
function cutFor(
  { client, lengthNs }: Ask,
  tokens: readonly Token[],
  places: readonly Token[],
  clients: ReadonlyMap<string, TokenClient>,
  nowNs: number,
  config: Config,
): { readonly tokens: readonly Token[]; readonly place: Token } {
  const cutNs = nowNs + config.cutMs * 1e6
  const placeIn = (all: readonly Token[]): Token =>
    earliestPlace([...all.filter(({ endNs }) => endNs > nowNs), ...places], client, nowNs, lengthNs)
  const uncut = { tokens, place: placeIn(tokens) }
  const endOf = ({ surplusFromNs }: Token): number => Math.max(cutNs, surplusFromNs)
  const isCuttable = (token: Token): boolean => {
    const holder = clients.get(token.id)
    const yields = holder === undefined || holder.requestMilli === 0 || client.comesFirst === true
    return yields && holder?.comesFirst !== true && token.endNs > endOf(token)
  }
  const fills = ({ id }: Token): number => Number((clients.get(id)?.requestMilli ?? 0) === 0)
  let best = uncut
  let cut = tokens
  for (const token of tokens.filter(isCuttable).sort((a, b) => fills(b) - fills(a) || b.endNs - a.endNs)) {
    if (best.place.startNs <= cutNs) break
    cut = cut.map((each) => (each === token ? { ...token, endNs: endOf(token) } : each))
    const place = placeIn(cut)
    const gainNs = uncut.place.startNs - place.startNs
    if (place.startNs < best.place.startNs && gainNs >= leastNs(client, config)) best = { tokens: cut, place }
  }
  return best
}

function forgetOld(state: TokenState, nowNs: number, config: Config): TokenState {
  return {
    tokens: state.tokens.filter(({ endNs }) => endNs > nowNs - config.windowMs * 1e6),
    notBeforeNs: new Map([...state.notBeforeNs].filter(([, ns]) => ns > nowNs)),
  }
}

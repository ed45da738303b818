// What makes a request a guarantee: shares that go side by side as rectangles of time and multiprocessors are a timetable of one window,
// over and over, in which everybody has its request and nobody is in anybody's way. Published as a certificate only; tokens given as
// clients come, whoever misses most first, lose up to two fifths of it to bad luck. So a client that wants to launch has its own turn
// kept free, and whatever others use besides ends where it begins. Pure.
import { packTogether } from '#proto/rectangles/repack.ts'
import type { SharingConfig } from './config.ts'
import type { Token, TokenClient } from './token-scheduler.ts'

export type Timetable = {
  readonly forWhom: string
  /** By client, in a window. Empty where they do not go side by side. */
  readonly turns: ReadonlyMap<string, { readonly fromNs: number; readonly lengthNs: number }>
}

type Config = SharingConfig['window']

export const noTimetable: Timetable = { forWhom: '', turns: new Map() }

const wholeMilli = 1000

/** `all`: whoever may want to launch, by id. The same as before while they are the same. */
export function timetableOf(before: Timetable, all: readonly TokenClient[], config: Config): Timetable {
  const entitled = all.filter(({ requestMilli }) => requestMilli > 0).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const forWhom = JSON.stringify(entitled.map(({ id, requestMilli, smMilli }) => [id, requestMilli, smMilli]))
  if (forWhom === before.forWhom) return before
  const sizes = entitled.map(({ id, requestMilli, smMilli }) => [id, { width: requestMilli, height: smMilli }] as const)
  const places = packTogether({ width: wholeMilli, height: wholeMilli }, new Map(sizes))
  const nsOf = (milli: number): number => (milli * config.windowMs * 1e6) / wholeMilli
  const turns = [...(places ?? [])].map(
    ([id, { x, width }]) => [id, { fromNs: nsOf(x), lengthNs: nsOf(width) }] as const,
  )
  return { forWhom, turns: new Map(turns) }
}

/**
 * Turns of these clients in the window that begins then. Not of those that come first: they are asked before all others, and what
 * they would not use of theirs is others'.
 */
export function turnsFrom(
  { turns }: Timetable,
  clients: readonly TokenClient[],
  atNs: number,
  config: Config,
): readonly Token[] {
  const windowNs = config.windowMs * 1e6
  const cycleNs = Math.floor(atNs / windowNs) * windowNs
  return clients.flatMap(({ id, smMilli, comesFirst }): Token[] => {
    const turn = turns.get(id)
    if (turn === undefined || comesFirst === true) return []
    return [cycleNs, cycleNs + windowNs].flatMap((fromNs) => {
      const startNs = fromNs + turn.fromNs
      const endNs = startNs + turn.lengthNs
      return endNs <= atNs || startNs >= atNs + windowNs ? [] : [{ id, smMilli, startNs, endNs, surplusFromNs: endNs }]
    })
  })
}

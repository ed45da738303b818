// In which order processes are told what was decided, so that at no moment two are told what only one may have: whoever loses a part of
// its windows hears that before anybody hears of new ones. Orders are written one after the other, and a manager may be stopped
// between any two. Pure.
import type { Order, Window } from './layout.ts'

/** By slot, in the order of writing; a slot that loses some windows and gets others comes twice. */
export function inSafeOrder(
  told: (slot: number) => Order | null,
  orders: ReadonlyMap<number, Order>,
  nowNs: number,
): readonly (readonly [number, Order])[] {
  const losses: (readonly [number, Order])[] = []
  for (const [slot, order] of orders) {
    const before = told(slot)
    if (before === null) continue
    const stays = before.windows.flatMap((was) => order.windows.flatMap((is) => common(was, is)))
    if (lengthFrom(stays, nowNs) < lengthFrom(before.windows, nowNs)) losses.push([slot, { ...order, windows: stays }])
  }
  return [...losses, ...orders]
}

function common(a: Window, b: Window): readonly Window[] {
  const fromNs = Math.max(a.fromNs, b.fromNs)
  const untilNs = Math.min(a.untilNs, b.untilNs)
  return fromNs < untilNs ? [{ fromNs, untilNs }] : []
}

function lengthFrom(windows: readonly Window[], nowNs: number): number {
  return windows.reduce((sum, { fromNs, untilNs }) => sum + Math.max(0, untilNs - Math.max(fromNs, nowNs)), 0)
}

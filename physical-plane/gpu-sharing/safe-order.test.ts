import { expect, test } from 'vitest'
import { passOrder, type Order, type Window } from './layout.ts'
import { inSafeOrder } from './safe-order.ts'

function order(...windows: readonly (readonly [number, number])[]): Order {
  return { ...passOrder, mode: 'window', windows: windows.map(([fromNs, untilNs]): Window => ({ fromNs, untilNs })) }
}

function shown(told: Readonly<Record<number, Order>>, orders: Readonly<Record<number, Order>>, nowNs: number): unknown {
  const bySlot = new Map(Object.entries(orders).map(([slot, each]) => [Number(slot), each]))
  const written = inSafeOrder((slot) => told[slot] ?? null, bySlot, nowNs)
  return written.map(([slot, { windows }]) => [slot, ...windows.map(({ fromNs, untilNs }) => [fromNs, untilNs])])
}

test('whoever loses a turn hears that before another hears of it', () => {
  const told = { 0: order([50, 60]), 1: order([10, 20]) }
  expect(shown(told, { 0: order([10, 20]), 1: order([50, 60]) }, 5)).toEqual([[0], [1], [0, [10, 20]], [1, [50, 60]]])
})

test('what was cut short is told first, and what is over is nobody’s loss', () => {
  const told = { 0: order([0, 10], [20, 30]), 1: order([0, 20]), 2: order() }
  const orders = { 2: order([12, 20]), 1: order([0, 12]), 0: order([20, 30]) }
  expect(shown(told, orders, 11)).toEqual([
    [1, [0, 12]],
    [0, [20, 30]],
    [1, [0, 12]],
    [2, [12, 20]],
  ])
})

test('who has not been told anything yet loses nothing', () => {
  expect(shown({}, { 3: order([1, 2]) }, 0)).toEqual([[3, [1, 2]]])
})

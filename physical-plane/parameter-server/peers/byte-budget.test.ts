import { expect, test } from 'vitest'
import { settle } from '#runtime/virtual-clock.ts'
import { ByteBudget } from './byte-budget.ts'

const never = new AbortController().signal

function taking(budget: ByteBudget, order: string[], signal: AbortSignal = never) {
  return (name: string, bytes: number): void => {
    budget.take(bytes, signal).then(
      () => order.push(name),
      () => order.push(`not ${name}`),
    )
  }
}

test('bytes are handed out in the order of asking, never above the limit', async () => {
  const budget = new ByteBudget(100)
  const order: string[] = []
  const take = taking(budget, order)
  take('a', 60)
  take('b', 60)
  take('c', 10)
  await settle()
  expect([order, budget.usedBytes]).toEqual([['a'], 60])
  budget.giveBack(60)
  await settle()
  expect([order, budget.usedBytes]).toEqual([['a', 'b', 'c'], 70])
})

test('what is larger than everything is let in alone', async () => {
  const budget = new ByteBudget(100)
  const order: string[] = []
  const take = taking(budget, order)
  take('small', 1)
  take('large', 1000)
  await settle()
  expect(order).toEqual(['small'])
  budget.giveBack(1)
  await settle()
  expect(order).toEqual(['small', 'large'])
})

test('who gives up leaves no gap in the queue', async () => {
  const budget = new ByteBudget(100)
  const order: string[] = []
  const giving = new AbortController()
  taking(budget, order)('a', 60)
  taking(budget, order, giving.signal)('b', 60)
  taking(budget, order)('c', 40)
  await settle()
  giving.abort(new Error('enough'))
  await settle()
  expect(order.toSorted()).toEqual(['a', 'c', 'not b'])
  await expect(budget.take(1, giving.signal)).rejects.toThrow('enough')
})

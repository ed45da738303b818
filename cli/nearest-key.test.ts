import { expect, test } from 'vitest'
import { nearestKey } from './nearest-key.ts'

const known = ['epochs', 'seed', 'worker_mode', 'lease_samples']

test.each([
  ['epoch', 'epochs'],
  ['ecpohs', 'epochs'],
  ['Seed', 'seed'],
  ['workermode', 'worker_mode'],
  ['leases_sample', 'lease_samples'],
])('%s was meant as %s', (given, meant) => expect(nearestKey(given, known)).toBe(meant))

test.each(['', 'learning_rate', 'x', 'y'.repeat(10_000)])('nothing is near %#', (given) => {
  expect(nearestKey(given, known)).toBeNull()
})

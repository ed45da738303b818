import pc from 'picocolors'
import { expect, test } from 'vitest'
import type { Function__Output } from '#proto/generated/cloudless/v1/Function.ts'
import { renderFunctions } from './function.ts'

const aFunction = (reason: string): Function__Output => ({
  id: 'f-1',
  spec: null,
  state: 'FUNCTION_STATE_FAILED',
  reason,
  instances: [],
  endpoints: [],
  createdAtMs: 0,
  revision: 1,
  costUsd: 0,
})

test('of a function that fails a row says first what its log said last', () => {
  const reason = [
    'f-1/onprem/lab/2 gave up: exit code 1 after 0.4 s, failure 3 of 3; last lines of its log:',
    'Traceback (most recent call last):',
    'FileNotFoundError: weights.npy is missing; the next one begins in 10 s (failure 1 in a row)',
  ].join('\n')
  const row = renderFunctions([aFunction(reason)], pc.createColors(false))
    .split('\n')
    .at(-1)!
  expect(row).toContain('FileNotFoundError: weights.npy is missing; the next one begins in 10 s')
  expect(row).not.toContain('last lines')
  expect(renderFunctions([aFunction('1 of 1 in a instances answer')], pc.createColors(false))).toContain(
    '1 of 1 in a instances',
  )
})

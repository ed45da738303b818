import { describe, expect, test } from 'vitest'
import { backOffMs } from './config.ts'
import { afterExit, lastLines, type ExitHistory } from './restart-policy.ts'

const anExit = (over: Partial<ExitHistory> = {}): ExitHistory => ({
  exit: { code: 1, signal: null, endedAtMs: 0 },
  ranMs: 2_500,
  failures: 0,
  failuresMax: 3,
  stableMs: 60_000,
  fault: '',
  ...over,
})
const success = { code: 0, signal: null, endedAtMs: 0 }

describe('afterExit', () => {
  test('code 0 completes, unless there is a fault', () => {
    expect(afterExit(anExit({ exit: success }))).toEqual({ kind: 'completed' })
    expect(afterExit(anExit({ exit: success, fault: 'it ended without naming its final model' }))).toEqual({
      kind: 'again',
      failures: 1,
      because: 'it ended without naming its final model; exit code 0 after 2.5 s, failure 1 of 3',
    })
  })

  test('failures count up to the limit', () => {
    expect(afterExit(anExit({ failures: 1 }))).toMatchObject({ kind: 'again', failures: 2 })
    expect(afterExit(anExit({ failures: 2 }))).toEqual({
      kind: 'failed',
      because: 'exit code 1 after 2.5 s, failure 3 of 3',
    })
  })

  test('a stable run forgets the failures before it', () => {
    expect(afterExit(anExit({ failures: 2, ranMs: 60_000 }))).toMatchObject({ kind: 'again', failures: 1 })
    expect(afterExit(anExit({ failures: 2, ranMs: 60_000, failuresMax: 1 }))).toMatchObject({ kind: 'failed' })
  })

  test('a signal and an end that nobody saw are named', () => {
    const killed = afterExit(anExit({ exit: { code: null, signal: 'SIGKILL', endedAtMs: 0 } }))
    expect(killed).toMatchObject({ because: 'ended by SIGKILL after 2.5 s, failure 1 of 3' })
    const unseen = afterExit(anExit({ exit: { code: null, signal: null, endedAtMs: 0 } }))
    expect(unseen).toMatchObject({ because: 'ended unseen after 2.5 s, failure 1 of 3' })
  })
})

test('back-off doubles up to its cap, between half and one and a half times', () => {
  expect([1, 2, 3, 9].map((count) => backOffMs(500, 4_000, count, 0.5))).toEqual([500, 1_000, 2_000, 4_000])
  expect(backOffMs(500, 4_000, 1, 0)).toBe(250)
  expect(backOffMs(500, 4_000, 1_000, 0.999)).toBeLessThan(6_000)
})

test('last lines are printable, short and without empty ones', () => {
  const log = Buffer.concat([
    Buffer.from('one\n\ntwo\0\u001B\r\n'),
    Buffer.from([0xff, 0xfe, 0x41]),
    Buffer.from('\nthree é\n'),
  ])
  expect(lastLines(log, 3)).toBe('two\nA\nthree é')
  expect(lastLines(new Uint8Array(0), 3)).toBe('')
})

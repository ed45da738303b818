import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { assert, AssertionFailed, present } from './assert.ts'
import { systemClock } from './clock.ts'
import { CloudlessError, invalid, messageOf, notFound } from './errors.ts'
import { openLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { VirtualClock } from './virtual-clock.ts'

describe('assert', () => {
  test('passes the true and names what is broken or missing', () => {
    assert(true, 'unseen')
    expect(() => assert(false, 'the sum is odd')).toThrow(new AssertionFailed('the sum is odd'))
    expect(present(0, 'a zero')).toBe(0)
    expect(() => present(null, 'the plan')).toThrow('missing: the plan')
  })
})

describe('systemClock', () => {
  test('monotonic time grows, timers fire and can be cancelled, sleep hears an abort', async () => {
    const clock = systemClock()
    const startMs = clock.monotonicMs()
    let hasFired = false
    clock.after(1, () => (hasFired = true)).cancel()
    await clock.sleep(5)
    expect(clock.monotonicMs()).toBeGreaterThan(startMs)
    expect(hasFired).toBe(false)
    const abort = new AbortController()
    const sleeping = clock.sleep(3_600_000, abort.signal)
    abort.abort()
    await sleeping
  })
})

describe('errors', () => {
  test('a message holds every field and its fix', () => {
    const error = invalid([
      { field: 'shards[0].samples', description: '0; must be positive' },
      { field: 'name', description: 'is missing' },
    ])
    expect(error).toMatchObject({ kind: 'invalid', reason: 'INVALID_FIELD' })
    expect(error.message).toBe('shards[0].samples: 0; must be positive; name: is missing')
    expect(notFound('job', 'j-1')).toMatchObject({ kind: 'not-found', metadata: { job: 'j-1' } })
  })

  test('a cause is kept, and any thrown value has a message', () => {
    const cause = new Error('disk full')
    expect(new CloudlessError('internal', 'X', 'y', { cause }).cause).toBe(cause)
    expect([messageOf(cause), messageOf('text'), messageOf(undefined)]).toEqual(['disk full', 'text', 'undefined'])
  })
})

describe('log', () => {
  test('lines are JSON with the given clock, respect the level and hide secrets', () => {
    const folder = mkdtempSync(join(tmpdir(), 'log-'))
    try {
      const path = join(folder, 'deep/agent.log')
      const log = openLog({ name: 'agent', level: 'info', clock: new VirtualClock(0), path })
      log.debug({}, 'unseen')
      log.child({ jobId: 'j-1' }).info({ token: 'abc', nested: { password: 'abc' } }, 'placed')
      const lines = readFileSync(path, 'utf8').trim().split('\n')
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
        {
          level: 'info',
          time: '1970-01-01T00:00:00.000Z',
          name: 'agent',
          jobId: 'j-1',
          token: '[redacted]',
          nested: { password: '[redacted]' },
          msg: 'placed',
        },
      ])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('metrics', () => {
  test('the same name asked for twice is one series; another kind under that name is a bug', async () => {
    const metrics = createMetrics()
    metrics.counter('steps_total', 'Steps', ['region']).add(1, { region: 'a' })
    metrics.counter('steps_total', 'Steps', ['region']).add(2, { region: 'a' })
    metrics.gauge('workers', 'Workers').set(4)
    metrics.histogram('round_seconds', 'Rounds', [], [1, 2]).observe(1.5)
    const text = await metrics.render()
    expect(text).toContain('steps_total{region="a"} 3')
    expect(text).toContain('workers 4')
    expect(text).toContain('round_seconds_bucket{le="2"} 1')
    expect(() => metrics.gauge('steps_total', 'Steps')).toThrow('already of another kind')
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anInstance } from '#control-plane/model/builders.ts'
import type { MeteredSpan } from '#control-plane/model/costs.ts'
import { usageGaps } from './gaps.ts'

const id = 'j-1/a/worker-0'
const nowMs = 1_000_000
const span = (fromMs: number, toMs: number, attempt = 1): MeteredSpan => ({
  jobId: 'j-1',
  instanceId: id,
  region: 'a',
  attempt,
  fromMs,
  toMs,
})
const running = anInstance({ id, region: 'a', units: 2, usdPerUnitHour: 3.6, attempt: 2 })
const gaps = (spans: readonly MeteredSpan[], instances = [running]) => usageGaps({ spans, instances, nowMs })

describe('a gap', () => {
  test('lies between two spans of one attempt, with an estimate of what was used', () => {
    expect(gaps([span(0, 10_000), span(30_000, 40_000), span(60_000, nowMs, 2)])).toEqual([
      { ...span(10_000, 30_000), isOpen: false, estimatedUsd: expect.closeTo(0.04) },
    ])
  })

  test('is open where an instance runs and nobody told of it for a minute', () => {
    expect(gaps([span(0, 10_000, 1), span(20_000, nowMs - 61_000, 2)])).toMatchObject([
      { fromMs: nowMs - 61_000, toMs: nowMs, attempt: 2, isOpen: true },
    ])
    expect(gaps([span(20_000, nowMs - 60_000, 2)])).toEqual([])
    const ended = { ...running, state: 'stopped' as const }
    expect(gaps([span(20_000, 30_000, 2)], [ended])).toEqual([])
    expect(gaps([span(20_000, 30_000, 2)], [{ ...running, state: 'backing-off' }])).toEqual([])
  })

  test('is none between attempts, below a second, or where the attempt was not told', () => {
    expect(gaps([span(0, 10_000), span(10_999, 20_000), span(50_000, nowMs, 2)])).toEqual([])
    expect(gaps([span(0, 10_000, 0), span(50_000, 60_000, 0)])).toEqual([])
  })

  test('and what was metered are together the time from the first span to now', () => {
    const pieces = fc.array(fc.record({ length: fc.integer({ min: 1_000, max: 50_000 }), isTold: fc.boolean() }), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(pieces, (given) => {
        let at = 0
        const spans: MeteredSpan[] = [span(0, (at = 1_000), 2)]
        for (const { length, isTold } of given) {
          if (isTold) spans.push(span(at, at + length, 2))
          at += length
        }
        const end = at + 61_000
        const found = usageGaps({ spans: spans.toReversed(), instances: [running], nowMs: end })
        const told = spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
        const missing = found.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
        expect(told + missing).toBe(end)
      }),
    )
  })
})

import { describe, expect, test } from 'vitest'
import { formatBytes, formatPercent, formatSeconds, formatTime, formatUsd } from './units.ts'

describe('units', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 KB'],
    [12_345, '12.3 KB'],
    [999_999, '1.00 MB'],
    [123_456_789, '123 MB'],
    [5e18, '5000 PB'],
    [-1500, '-1.50 KB'],
    [Number.NaN, '-'],
  ])('%d bytes read %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  test.each([
    [0, '0.0 s'],
    [9.94, '9.9 s'],
    [59.6, '1 min 0 s'],
    [3599.6, '1 h 0 min'],
    [7260, '2 h 1 min'],
    [200_000, '2 d 8 h'],
    [-3, '-3.0 s'],
  ])('%d seconds read %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text))

  test.each([
    [0, '$0.00'],
    [1234.567, '$1234.57'],
    [0.5, '$0.500'],
    [0.001234, '$0.00123'],
    [1e-12, '$0.000000000'],
    [-0.25, '-$0.250'],
  ])('%d USD read %s', (usd, text) => expect(formatUsd(usd)).toBe(text))

  test('fractions and times', () => {
    expect([formatPercent(0.05), formatPercent(0.856), formatPercent(Number.NaN)]).toEqual(['5.0 %', '86 %', '-'])
    expect([formatTime(0), formatTime(Date.UTC(2026, 0, 2, 3, 4, 5))]).toEqual(['-', '2026-01-02 03:04:05Z'])
  })
})

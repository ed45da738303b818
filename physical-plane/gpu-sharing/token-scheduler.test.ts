import { expect, test } from 'vitest'
import { sharingConfig } from './config.ts'
import {
  chargeOveruse,
  deficitOf,
  giveBack,
  grantTokens,
  noTokens,
  type Token,
  type TokenClient,
  type TokenState,
} from './token-scheduler.ts'

const config = sharingConfig.window
const ms = 1e6

function client(id: string, requestMilli: number, limitMilli: number, smMilli: number): TokenClient {
  return { id, requestMilli, limitMilli, smMilli }
}

/** Each has used so many ms until `nowNs`. */
function usedUntil(nowNs: number, used: Readonly<Record<string, number>>): TokenState {
  const tokens = Object.entries(used).map(([id, length]) => token(id, 1, nowNs - length * ms, nowNs))
  return { ...noTokens, tokens }
}

/** Of its request, where it is not said from when on it is more. */
function token(id: string, smMilli: number, startNs: number, endNs: number, surplusFromNs = endNs): Token {
  return { id, smMilli, startNs, endNs, surplusFromNs }
}

const nowNs = 1000 * ms
const four = [
  client('A', 500, 800, 500),
  client('B', 300, 600, 300),
  client('C', 200, 400, 400),
  client('D', 400, 1000, 600),
]
const usedByFour = usedUntil(nowNs, { A: 10, B: 12, C: 16 })

test('the worked example: D and B get tokens, A does not fit beside D, C is at its limit', () => {
  const deficits = four.map((each) => deficitOf(usedByFour, each, nowNs, config))
  expect(deficits.map(({ requestNs }) => requestNs / ms)).toEqual([10, 0, -8, 16])
  expect(deficits.map(({ limitNs }) => limitNs / ms)).toEqual([22, 12, 0, 40])
  const { granted } = grantTokens(usedByFour, four, nowNs, config)
  expect(granted).toEqual([token('D', 600, nowNs, nowNs + 16 * ms), token('B', 300, nowNs, nowNs + 12 * ms, nowNs)])
})

test('requests come before surplus, the largest part that is missing first, and among surplus whoever had less', () => {
  const first = (used: Readonly<Record<string, number>>, ...clients: readonly TokenClient[]): string =>
    grantTokens(usedUntil(nowNs, used), clients, nowNs, config).granted[0]!.id
  const owed = client('owed', 300, 1000, 600)
  const over = client('over', 100, 1000, 600)
  expect(first({ owed: 11, over: 5 }, over, owed)).toBe('owed')
  // 2 of 12 ms are missing, of the other 4 of 40.
  expect(first({ owed: 10, large: 36 }, client('large', 1000, 1000, 600), owed)).toBe('owed')
  expect(first({ over: 8, less: 6 }, over, client('less', 100, 1000, 600))).toBe('less')
})

test('those admitted in one look are added up: 60, 50 and 30 % are never live together', () => {
  const { granted } = grantTokens(usedByFour, four, nowNs, config)
  expect(granted.reduce((sum, { smMilli }) => sum + smMilli, 0)).toBe(900)
})

test('each of two concurrent holders is charged in full', () => {
  const both = { ...noTokens, tokens: [token('A', 500, 0, 16 * ms), token('B', 300, 0, 16 * ms)] }
  for (const each of four.slice(0, 2)) expect(deficitOf(both, each, 16 * ms, config).usedNs).toBe(16 * ms)
})

test('what is given back early is not charged, and its part is free at once', () => {
  const wide = [client('a', 500, 1000, 1000), client('b', 500, 1000, 1000)]
  const first = grantTokens(noTokens, wide.slice(0, 1), 0, config)
  expect(grantTokens(first.state, wide.slice(1), 5 * ms, config).granted).toEqual([])
  const returned = giveBack(first.state, 'a', 4 * ms)
  expect(deficitOf(returned, wide[0]!, 5 * ms, config).usedNs).toBe(4 * ms)
  expect(grantTokens(returned, wide.slice(1), 5 * ms, config).granted).toEqual([token('b', 1000, 5 * ms, 25 * ms)])
})

test('work beyond a token is paid back at the limit, up to a bound', () => {
  const slow = client('slow', 100, 200, 1000)
  const late = chargeOveruse(noTokens, slow, 50 * ms, 10 * ms, config)
  expect(grantTokens(late, [slow], 259 * ms, config).granted).toEqual([])
  expect(grantTokens(late, [slow], 260 * ms, config).granted).toHaveLength(1)
  const huge = chargeOveruse(noTokens, slow, 3600_000 * ms, 0, config)
  expect(grantTokens(huge, [slow], config.debtMsMax * ms, config).granted).toHaveLength(1)
})

test('a token is no longer than what is left of the limit', () => {
  const tight = client('t', 400, 500, 1000)
  const used = usedUntil(nowNs, { t: 16 })
  expect(grantTokens(used, [tight], nowNs, config).granted).toEqual([token('t', 1000, nowNs, nowNs + 4 * ms, nowNs)])
})

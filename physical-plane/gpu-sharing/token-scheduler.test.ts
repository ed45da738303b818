import { array, assert, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { packTogether } from '#proto/rectangles/repack.ts'
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
const windowMs = config.windowMs

function client(id: string, requestMilli: number, limitMilli: number, smMilli: number): TokenClient {
  return { id, requestMilli, limitMilli, smMilli }
}

/** Each has used so many ms until `nowNs`. */
function usedUntil(nowNs: number, used: Readonly<Record<string, number>>): TokenState {
  const tokens = Object.entries(used).map(([id, length]) => token(id, 1, nowNs - length * ms, nowNs))
  return { ...noTokens, tokens }
}

function token(id: string, smMilli: number, startNs: number, endNs: number): Token {
  return { id, smMilli, startNs, endNs }
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
  expect(granted).toEqual([token('D', 600, nowNs, nowNs + 16 * ms), token('B', 300, nowNs, nowNs + 12 * ms)])
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
  expect(grantTokens(used, [tight], nowNs, config).granted).toEqual([token('t', 1000, nowNs, nowNs + 4 * ms)])
})

test('a holder goes on without a gap where nobody before it wants its place, and not where somebody does', () => {
  const [holder, other] = [client('h', 400, 1000, 600), client('o', 400, 1000, 600)]
  const { state } = grantTokens(noTokens, [holder], 0, config)
  const alone = grantTokens(state, [holder], 14 * ms, config)
  expect(alone.granted).toEqual([token('h', 600, 16 * ms, 32 * ms)])
  expect(grantTokens(state, [holder, other], 14 * ms, config).granted).toEqual([])
  // At its end the other has its turn.
  expect(grantTokens(state, [holder, other], 16 * ms, config).granted).toEqual([token('o', 600, 16 * ms, 32 * ms)])
})

test('narrow clients whose tokens end one after the other do not starve a wide one', () => {
  const narrow = [client('n1', 300, 1000, 500), client('n2', 400, 1000, 500)]
  const wide = client('wide', 200, 1000, 600)
  const { held } = simulate([...narrow, wide], 4000)
  expect(held('wide', 0, 4000)).toBeGreaterThanOrEqual(0.2 * 4000)
})

const someClients = array(
  record({
    requestMilli: integer({ min: 1, max: 1000 }),
    more: integer({ min: 0, max: 1000 }),
    smMilli: integer({ min: 1, max: 1000 }),
  }),
  { minLength: 1, maxLength: 6 },
).map((drawn) =>
  drawn.map(({ requestMilli, more, smMilli }, i) =>
    client(`c${i}`, requestMilli, Math.min(1000, requestMilli + more), smMilli),
  ),
)

test('at every instant the parts of live tokens fit the device; no window holds more than a limit', () => {
  assert(
    property(someClients, integer({ min: 1, max: 2 ** 31 - 1 }), (clients, seed) => {
      const { tokens, held } = simulate(clients, 400, seed)
      for (const { startNs } of tokens) expect(liveMilli(tokens, startNs)).toBeLessThanOrEqual(1000)
      for (const { id, limitMilli } of clients)
        for (let at = 0; at + windowMs <= 400; at += 7) {
          const oneToken = 1e-6
          expect(held(id, at, at + windowMs)).toBeLessThanOrEqual((limitMilli / 1000) * windowMs + oneToken)
        }
    }),
    { numRuns: 100 },
  )
})

test('it conserves work: nobody below its limit waits on an idle device, or where all that want to launch fit together', () => {
  assert(
    property(someClients, integer({ min: 1, max: 2 ** 31 - 1 }), (clients, seed) => {
      simulate(clients, 200, seed, (state, active, atNs) => {
        const live = liveMilli(state.tokens, atNs)
        const fitTogether = active.reduce((sum, { smMilli }) => sum + smMilli, 0) <= 1000
        for (const each of active) {
          const holds = state.tokens.some(({ id, endNs }) => id === each.id && endNs > atNs)
          const isBelow = deficitOf(state, each, atNs, config).limitNs >= config.tokenMsMin * ms
          expect(isBelow && !holds && (live === 0 || fitTogether)).toBe(false)
        }
      })
    }),
    { numRuns: 100 },
  )
})

test('whoever always wants to launch has its request over two windows where requests add up to the device', () => {
  assert(
    property(someClients, (drawn) => {
      const sum = drawn.reduce((total, { requestMilli }) => total + requestMilli, 0)
      const clients = drawn
        .map((each) => ({ ...each, requestMilli: Math.floor((each.requestMilli * 1000) / sum) }))
        .filter(({ requestMilli }) => requestMilli >= 25)
        .map((each) => ({ ...each, limitMilli: 1000 }))
      const { held } = simulate(clients, 400)
      for (const { id, requestMilli } of clients)
        for (let at = 0; at + 2 * windowMs <= 400; at += 10)
          expect(held(id, at, at + 2 * windowMs)).toBeGreaterThanOrEqual((requestMilli / 1000) * windowMs - 1e-6)
    }),
    { numRuns: 100 },
  )
})

/** What goes side by side as rectangles, request by multiprocessors, in so much of the time: then there is a timetable for all. */
const packed = (timeMilli: number) =>
  array(
    record({
      requestMilli: integer({ min: 1, max: 8 }).map((n) => 100 * n),
      smMilli: constantFrom(60, 120, 240, 500, 600, 1000),
    }),
    { minLength: 8, maxLength: 20 },
  ).map((drawn) => {
    const bin = { width: timeMilli, height: 1000 }
    const clients: TokenClient[] = []
    for (const { requestMilli, smMilli } of drawn) {
      const next = [...clients, client(`c${clients.length}`, requestMilli, 1000, smMilli)]
      const sizes = next.map((one) => [one.id, { width: one.requestMilli, height: one.smMilli }] as const)
      if (packTogether(bin, new Map(sizes)) !== null) clients.push(next.at(-1)!)
    }
    return clients
  })

test.each([
  // Tokens are given as they come, not by the timetable, and a window forgets who had to wait: the widest lose most.
  [700, 0.7],
  [1000, 0.6],
])('whoever goes side by side in %i thousandths of the time has %f of its request or more', (timeMilli, least) => {
  assert(
    property(packed(timeMilli), (clients) => {
      const { held } = simulate(clients, 480)
      // The first windows are those of whoever is asked first.
      for (const { id, requestMilli } of clients)
        expect(held(id, 80, 480)).toBeGreaterThanOrEqual(least * (requestMilli / 1000) * 400)
    }),
    { numRuns: 25 },
  )
})

test('the published load fits one device: eight clients on 98 % of its area all have their requests', () => {
  const clients = [
    ...[1, 2, 3, 4].map((n) => client(`resnet${n}`, 400, 1000, 120)),
    ...[1, 2].map((n) => client(`rnnt${n}`, 400, 1000, 240)),
    ...[1, 2].map((n) => client(`bert${n}`, 600, 1000, 500)),
  ]
  const { held, tokens } = simulate(clients, 4000)
  for (const { startNs } of tokens) expect(liveMilli(tokens, startNs)).toBeLessThanOrEqual(1000)
  const kept = clients.map(({ id, requestMilli }) => held(id, 0, 4000) / ((requestMilli / 1000) * 4000))
  expect(Math.min(...kept)).toBeGreaterThanOrEqual(0.99)
})

function liveMilli(tokens: readonly Token[], atNs: number): number {
  return tokens.reduce((sum, { smMilli, startNs, endNs }) => sum + (startNs <= atNs && atNs < endNs ? smMilli : 0), 0)
}

/**
 * A scheduler that looks every half millisecond. Without a seed clients always want to launch; with one they come and go, and give
 * back what they hold when they go.
 */
function simulate(
  clients: readonly TokenClient[],
  lengthMs: number,
  seed = 0,
  look: (state: TokenState, active: readonly TokenClient[], atNs: number) => void = () => {},
): { readonly tokens: readonly Token[]; readonly held: (id: string, fromMs: number, toMs: number) => number } {
  let state: TokenState = noTokens
  let random = seed
  const wants = new Map(clients.map(({ id }) => [id, true]))
  const all = new Map<string, Token>()
  for (let atNs = 0; atNs < lengthMs * ms; atNs += 0.5 * ms) {
    for (const { id } of seed === 0 ? [] : clients) {
      random = (random * 48271) % 2147483647
      if (random % 40 !== 0) continue
      wants.set(id, !wants.get(id))
      if (!wants.get(id)) state = giveBack(state, id, atNs)
      for (const [key, each] of all)
        if (each.id === id && each.endNs > atNs && !wants.get(id)) {
          if (each.startNs >= atNs) all.delete(key)
          else all.set(key, { ...each, endNs: atNs })
        }
    }
    const ready = clients.filter(({ id }) => wants.get(id) === true)
    const { state: after, granted } = grantTokens(state, ready, atNs, config)
    state = after
    for (const each of granted) all.set(`${each.id} ${each.startNs}`, each)
    look(state, ready, atNs)
  }
  const tokens = [...all.values()]
  const held = (id: string, fromMs: number, toMs: number): number =>
    tokens
      .filter((each) => each.id === id)
      .reduce(
        (sum, { startNs, endNs }) => sum + Math.max(0, Math.min(endNs / ms, toMs) - Math.max(startNs / ms, fromMs)),
        0,
      )
  return { tokens, held }
}

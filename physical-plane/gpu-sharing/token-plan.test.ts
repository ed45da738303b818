import { array, assert, constantFrom, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { packTogether } from '#proto/rectangles/repack.ts'
import { sharingConfig } from './config.ts'
import { noPlan, planTokens, type TokenPlan } from './token-plan.ts'
import { askOf, deficitOf, giveBack, type Token, type TokenClient } from './token-scheduler.ts'

const config = sharingConfig.window
const ms = 1e6
const { windowMs } = config

function client(id: string, requestMilli: number, limitMilli: number, smMilli: number): TokenClient {
  return { id, requestMilli, limitMilli, smMilli }
}

/** All that there are want to launch. */
function planned(before: TokenPlan, all: readonly TokenClient[], nowNs: number): TokenPlan {
  return planTokens(before, { nowNs, all, active: all, isShaken: false }, config)
}

/** From when until when each has the device, in ms from now, what follows without a gap in one. */
function turns({ state }: TokenPlan, id: string, nowNs = 0): readonly (readonly [number, number])[] {
  const joined: [number, number][] = []
  for (const { startNs, endNs, ...token } of state.tokens.toSorted((a, b) => a.startNs - b.startNs)) {
    if (token.id !== id) continue
    const last = joined.at(-1)
    if (last !== undefined && last[1] === (startNs - nowNs) / ms) last[1] = (endNs - nowNs) / ms
    else joined.push([(startNs - nowNs) / ms, (endNs - nowNs) / ms])
  }
  return joined
}

test('who follows whom is planned ahead: two that do not fit beside each other take turns', () => {
  const two = [client('h', 400, 1000, 600), client('o', 400, 1000, 600)]
  const plan = planned(noPlan, two, 0)
  expect(turns(plan, 'h')).toEqual([[0, 16]])
  expect(turns(plan, 'o')).toEqual([[16, 32]])
  // Nothing has changed: it is told as it was, and goes on from there.
  const later = planned(plan, two, 14 * ms)
  expect(turns(later, 'o')).toEqual([[16, 32]])
  expect(turns(later, 'h')[0]).toEqual([0, 16])
  expect(turns(later, 'h')[1]![0]).toBe(32)
})

test('a holder goes on without a gap where nobody else wants its place', () => {
  const plan = planned(noPlan, [client('h', 400, 1000, 600)], 0)
  expect(turns(plan, 'h')).toEqual([[0, 32]])
})

test('a share that changes is planned for at once', () => {
  const [a, b] = [client('a', 400, 400, 1000), client('b', 400, 400, 1000)]
  const plan = planned(noPlan, [a, b], 0)
  expect(turns(plan, 'b')).toEqual([[16, 32]])
  const less = planned(plan, [a, { ...b, limitMilli: 500, requestMilli: 100 }], 2 * ms)
  // Four of its request, and four of what the other may not use.
  expect(turns(less, 'b')[0]).toEqual([16, 24])
})

test('who wakes is planned for: what has not begun is another’s, what begins within a moment stays', () => {
  const [holder, next] = [client('a', 400, 1000, 600), client('next', 200, 1000, 600)]
  const woken = client('first', 400, 1000, 600)
  const plan = planned(noPlan, [holder, next], 0)
  expect(turns(plan, 'a')[0]).toEqual([0, 16])
  expect(turns(plan, 'next')[0]![0]).toBe(16)
  const early = planned(plan, [holder, next, woken], 4 * ms)
  expect(turns(early, 'first')).toEqual([[16, 32]])
  expect(turns(early, 'next')).toEqual([])
  // Too late: the next one may have launched already.
  const late = planned(plan, [holder, next, woken], 14.5 * ms)
  expect(turns(late, 'next')[0]).toEqual([16, 24])
  expect(turns(late, 'first')[0]![0]).toBe(24)
})

test('a function with an objective that is owed cuts what others have beyond their requests, and not what they are owed', () => {
  const training = { ...client('t', 500, 1000, 1000), pieceMs: config.pieceMs }
  const serving = { ...client('s', 300, 1000, 500), comesFirst: true }
  let plan = noPlan
  for (let at = 0; at < 30; at += 2) plan = planned(plan, [training], at * ms)
  // It has run for 30 ms, 10 more than its request: a piece of its surplus is cut after a moment for what is in flight.
  const cut = planned(plan, [training, serving], 29 * ms)
  expect(turns(cut, 't')[0]).toEqual([0, 29 + config.cutMs])
  expect(turns(cut, 's')[0]![0]).toBe(29 + config.cutMs)
  // Within its request the training keeps the piece that it is in.
  const early = planned(planned(noPlan, [training], 0), [training, serving], 1 * ms)
  expect(turns(early, 't')[0]).toEqual([0, 4])
  expect(turns(early, 's')[0]![0]).toBe(4)
  // Who has none of its request left waits as others do.
  const sated = { ...serving, requestMilli: 0 }
  const none = planned(plan, [training, sated], 29 * ms)
  expect(turns(none, 't')[0]![1]).toBeGreaterThan(29 + config.cutMs)
})

test('without an objective only those who fill are cut; whose request is not missed is not', () => {
  const filler = client('f', 0, 1000, 1000)
  const worker = client('w', 300, 1000, 500)
  const filling = planned(noPlan, [filler], 0)
  const woken = planned(filling, [filler, worker], 1 * ms)
  expect(turns(woken, 'w')[0]![0]).toBe(1 + config.cutMs)
  let plan = noPlan
  const greedy = client('g', 100, 1000, 1000)
  for (let at = 0; at < 30; at += 2) plan = planned(plan, [greedy], at * ms)
  const beside = planned(plan, [greedy, worker], 29 * ms)
  expect(turns(beside, 'g')[0]![1]).toBeGreaterThan(29 + config.cutMs)
})

test('who has no request fills what nobody else may use, and takes nothing of what others are owed', () => {
  const filler = client('filler', 0, 1000, 600)
  const wide = [client('a', 500, 700, 1000), client('b', 200, 300, 700)]
  const { held } = simulate([...wide, filler], 4000)
  for (const { id, requestMilli } of wide) expect(held(id, 0, 4000)).toBeGreaterThanOrEqual(requestMilli * 4)
  expect(held('a', 0, 4000) + held('b', 0, 4000)).toBeGreaterThan(0.9 * 4000)
  const alone = simulate([client('a', 500, 700, 1000), filler], 4000)
  // All that the other may not use, but for its last moment before each of its turns.
  expect(alone.held('a', 0, 4000)).toBeGreaterThanOrEqual(0.69 * 4000)
  expect(alone.held('filler', 0, 4000)).toBeGreaterThan(0.28 * 4000)
})

test('narrow clients whose tokens end one after the other do not starve a wide one', () => {
  const narrow = [client('n1', 300, 1000, 500), client('n2', 400, 1000, 500)]
  const wide = client('wide', 200, 1000, 600)
  const { held } = simulate([...narrow, wide], 4000)
  expect(held('wide', 0, 4000)).toBeGreaterThanOrEqual(0.2 * 4000)
})

const someClients = array(
  record({
    requestMilli: integer({ min: 0, max: 1000 }),
    more: integer({ min: 1, max: 1000 }),
    smMilli: integer({ min: 1, max: 1000 }),
    kind: integer({ min: 0, max: 2 }),
  }),
  { minLength: 1, maxLength: 6 },
).map((drawn) =>
  drawn.map(({ requestMilli, more, smMilli, kind }, i): TokenClient => {
    const plain = client(`c${i}`, requestMilli, Math.min(1000, requestMilli + more), smMilli)
    if (kind === 0) return { ...plain, comesFirst: true }
    return kind === 1 ? { ...plain, pieceMs: config.pieceMs } : plain
  }),
)
const aSeed = integer({ min: 1, max: 2 ** 31 - 1 })

test('at every instant the parts of live tokens fit the device; no window holds more than a limit', () => {
  assert(
    property(someClients, aSeed, (clients, seed) => {
      const { tokens, held } = simulate(clients, 400, seed)
      for (const { startNs } of tokens) expect(liveMilli(tokens, startNs)).toBeLessThanOrEqual(1000)
      for (const { id, limitMilli } of clients)
        for (let at = 0; at + windowMs <= 400; at += 7) {
          const rounding = 1e-6
          expect(held(id, at, at + windowMs)).toBeLessThanOrEqual((limitMilli / 1000) * windowMs + rounding)
        }
    }),
    { numRuns: 100 },
  )
})

test('it conserves work: nobody below its limit waits on an idle device, or where all that want to launch fit together', () => {
  assert(
    property(someClients, aSeed, (clients, seed) => {
      simulate(clients, 200, seed, (tokens, { state }, active, atNs) => {
        const settledNs = atNs + config.settleMs * ms
        // Its place is told already, and nobody who would fit before it has room for a launch.
        if (tokens.some(({ startNs }) => startNs > atNs && startNs <= settledNs)) return
        const live = liveMilli(tokens, atNs)
        const fitTogether = active.reduce((sum, { smMilli }) => sum + smMilli, 0) <= 1000
        // Where somebody's request begins again within a moment, there is no room for a launch before.
        const isSoon = (ns: number): boolean => ns > atNs && ns < atNs + config.tokenMsMin * ms
        const asks = active.map((one) => askOf(state, one, atNs, config))
        if (asks.some(({ owedFromNs, freeFromNs }) => isSoon(owedFromNs) || isSoon(freeFromNs))) return
        const isEntitled = active.some(({ requestMilli }) => requestMilli > 0)
        for (const each of active) {
          // Who only fills makes way for whoever may go on soon.
          if (each.requestMilli === 0 && isEntitled) continue
          const holds = tokens.some(({ id, endNs }) => id === each.id && endNs > atNs)
          // Old use may have left the window since the last look.
          const isBelow = [0, config.lookMs].every(
            (agoMs) => deficitOf(state, each, atNs - agoMs * ms, config).limitNs >= config.tokenMsMin * ms,
          )
          expect(isBelow && !holds && (live === 0 || fitTogether)).toBe(false)
        }
      })
    }),
    { numRuns: 100 },
  )
})

test('whoever always wants to launch has its request over two windows where requests add up to the device', () => {
  assert(
    property(someClients, integer({ min: 0, max: 1 }), (drawn, isLate) => {
      const sum = drawn.reduce((total, { requestMilli }) => total + requestMilli, 0)
      const clients = drawn
        .map(({ id, requestMilli, smMilli }) => client(id, Math.floor((requestMilli * 1000) / sum), 1000, smMilli))
        .filter(({ requestMilli }) => requestMilli >= 25)
      // Ticks as late as the plan reaches cost nobody anything.
      const { held } = simulate(clients, 400, 0, () => {}, isLate === 0 ? [2] : [2, 2, 2, 18])
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

test('whoever goes side by side with the others has its request in every window, whoever else wants to launch', () => {
  assert(
    property(packed(1000), (clients) => {
      const filler = { ...client('filler', 0, 1000, 300) }
      const { held } = simulate([...clients, filler], 480)
      // The first windows are those of whoever is asked first.
      for (const { id, requestMilli } of clients)
        for (let at = 80; at + windowMs <= 480; at += 10)
          expect(held(id, at, at + windowMs)).toBeGreaterThanOrEqual((requestMilli / 1000) * windowMs - 1e-6)
    }),
    { numRuns: 50 },
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
 * Ticks after so many ms each, in turn. Without a seed clients always want to launch; with one they come and go, give back what they
 * hold when they go, and ticks come when they may.
 */
function simulate(
  clients: readonly TokenClient[],
  lengthMs: number,
  seed = 0,
  look: (tokens: readonly Token[], plan: TokenPlan, active: readonly TokenClient[], atNs: number) => void = () => {},
  ticksMs: readonly number[] = [2],
): { readonly tokens: readonly Token[]; readonly held: (id: string, fromMs: number, toMs: number) => number } {
  let plan = noPlan
  let random = seed
  const draw = (among: number): number => (random = (random * 48271) % 2147483647) % among
  const wants = new Map(clients.map(({ id }) => [id, true]))
  // As it came to pass: what was planned and taken back is not in it.
  let past: Token[] = []
  let ticks = 0
  for (let atNs = 0; atNs < lengthMs * ms;) {
    let isShaken = false
    for (const { id } of seed === 0 ? [] : clients) {
      if (draw(20) !== 0) continue
      wants.set(id, !wants.get(id))
      if (wants.get(id)) continue
      plan = { ...plan, state: giveBack(plan.state, id, atNs) }
      isShaken = true
    }
    const ready = clients.filter(({ id }) => wants.get(id) === true)
    const had = past.filter(({ startNs }) => startNs < atNs)
    plan = planTokens(plan, { nowNs: atNs, all: clients, active: ready, isShaken }, config)
    const begun = new Map(plan.state.tokens.map((token) => [`${token.id} ${token.startNs}`, token]))
    past = had.map((token) => begun.get(`${token.id} ${token.startNs}`) ?? token)
    past.push(...plan.state.tokens.filter(({ startNs }) => startNs >= atNs))
    look(past, plan, ready, atNs)
    atNs += seed === 0 ? ticksMs[ticks++ % ticksMs.length]! * ms : (1 + draw(8)) * 0.5 * ms
  }
  const held = (id: string, fromMs: number, toMs: number): number =>
    past
      .filter((each) => each.id === id)
      .reduce(
        (sum, { startNs, endNs }) => sum + Math.max(0, Math.min(endNs / ms, toMs) - Math.max(startNs / ms, fromMs)),
        0,
      )
  return { tokens: past, held }
}

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VectorMemory } from '../replica/memory.ts'
import { Replica } from '../replica/replica.ts'
import { aLayout, sync } from '../partition.fixture.ts'
import { createStrategy } from './strategies.ts'
import type { SyncContext, SyncOptions, SyncStrategy } from './strategy.ts'
import { draftOf, type Draft, type Update } from './update.ts'

type Side = {
  readonly region: string
  readonly replica: Replica
  readonly strategy: SyncStrategy
  readonly drained: Set<string>
}

function aSide(
  options: SyncOptions,
  region: string,
  initial: readonly number[],
  members = ['a', 'b'],
  share?: number,
): Side {
  const memory = VectorMemory.create(2 ** 16)
  const replica = Replica.create(aLayout(initial.length), memory)
  replica.values.set(initial)
  const drained = new Set<string>()
  const context: SyncContext = {
    region,
    dataShare: share ?? 1 / members.length,
    replica,
    memory,
    seed: 5,
    members: () => members,
    hasDrained: (name) => drained.has(name),
    versions: () => ({}),
  }
  const strategy = createStrategy(options, context)
  strategy.start()
  return { region, replica, strategy, drained }
}

function step({ replica, strategy }: Side, gradient: readonly number[], rate = 0.5, samples = 1): void {
  const values = Float32Array.from(gradient)
  replica.applyStep(values, [rate], strategy.bufferWeight)
  strategy.stepped({ gradient: values, learningRates: [rate], samples })
}

function sent(region: string, draft: Draft, seq = 1): Update {
  const { payload, ...header } = draft
  return { header: { ...header, region, seq, payloadBytes: payload.byteLength, payloadSha256: '' }, payload }
}

describe('delay compensation', () => {
  const compensated = (lambda: number): SyncOptions => sync('asgd-ga', { interval: 2, delayCompensation: lambda })

  test('without lambda, or without drift, it is ASGD bit for bit', () => {
    const number = fc.float({ min: -8, max: 8, noNaN: true })
    const scenario = fc.record({
      gradients: fc.array(number, { minLength: 3, maxLength: 3 }),
      drift: number,
      rate: fc.float({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(scenario, ({ gradients, drift, rate }) => {
        const receive = (lambda: number, own: number): Float32Array => {
          const side = aSide(compensated(lambda), 'a', [1, 2, 3])
          step(side, [own, own, own])
          const payload = Float32Array.from(gradients)
          side.strategy.receive(sent('b', { ...draftOf('gradient', 1), steps: 2, learningRates: [rate], payload }))
          return side.replica.values.slice()
        }
        expect(receive(0.04, 0)).toEqual(receive(0, 0))
        const plain = aSide(sync('asgd'), 'a', [1, 2, 3])
        step(plain, [drift, drift, drift])
        const payload = Float32Array.from(gradients)
        plain.strategy.receive(sent('b', { ...draftOf('gradient', 1), steps: 2, learningRates: [rate], payload }))
        expect(receive(0, drift)).toEqual(plain.replica.values)
      }),
    )
  })

  test('on a quadratic whose curvature is lambda × g × g it makes the gradient exact', () => {
    // f(w) = c w² / 2 with c = 2: the sender stood at 4, so g = 8, and lambda × 64 = 2.
    const side = aSide(sync('asgd', { delayCompensation: 2 / 64 }), 'a', [4])
    step(side, [6], 0.5)
    expect(side.replica.values[0]).toBe(1)
    side.strategy.receive(
      sent('b', { ...draftOf('gradient', 1), steps: 1, learningRates: [0.25], payload: Float32Array.of(8) }),
    )
    // The gradient at 1 is 2.
    expect(side.replica.values[0]).toBe(1 - 0.25 * 2)
  })

  test('the basis is kept per sender', () => {
    const side = aSide(sync('asgd', { delayCompensation: 0.5 }), 'a', [0], ['a', 'b', 'c'])
    const from = (region: string, g: number): boolean =>
      side.strategy.receive(
        sent(region, { ...draftOf('gradient', 1), steps: 1, learningRates: [1], payload: Float32Array.of(g) }),
      )
    from('b', -4)
    expect(side.replica.values[0]).toBe(4)
    // c has not seen the move of b: drift 4, so 2 + 0.5 × 4 × 4 = 10.
    from('c', 2)
    expect(side.replica.values[0]).toBe(-6)
    // b stood at 4 after its own update: drift -10, so 2 - 0.5 × 4 × 10 = -18.
    from('b', 2)
    expect(side.replica.values[0]).toBe(12)
  })
})

describe('gradient sums', () => {
  test('steps at different rates arrive as what they did at the sender', () => {
    const [a, b] = [aSide(sync('asgd-ga', { interval: 4 }), 'a', [0]), aSide(sync('asgd-ga'), 'b', [0])]
    for (const [gradient, rate] of [
      [4, 0],
      [2, 0.5],
      [8, 0.25],
      [16, 0],
    ] as const)
      step(a, [gradient], rate)
    expect(a.strategy.isDue(false)).toBe(true)
    b.strategy.receive(sent('a', a.strategy.seal()))
    expect(b.replica.values[0]).toBe(-3)
    expect(b.replica.values).toEqual(a.replica.values)
  })

  test('a saved and restored strategy goes on as if nothing had happened', () => {
    const options = sync('asgd-ga', { interval: 4, delayCompensation: 0.25 })
    const [a, again] = [aSide(options, 'a', [1, 2]), aSide(options, 'a', [1, 2])]
    step(a, [4, 1])
    again.replica.values.set(a.replica.values)
    const { state, vectors } = a.strategy.save()
    again.strategy.restore({ state: JSON.parse(JSON.stringify(state)) as unknown, vectors })
    for (const side of [a, again]) step(side, [1, 1])
    expect(again.strategy.seal()).toEqual(a.strategy.seal())
  })
})

describe('synchronous averaging', () => {
  test('weights are the samples of who arrived; an absent region contributes nothing, not zeros', () => {
    const side = aSide(sync('model-averaging', { interval: 1 }), 'a', [8], ['a', 'b', 'c'])
    step(side, [0], 0.5, 3)
    expect(side.strategy.isBlocked).toBe(true)
    side.strategy.seal()
    expect(side.strategy.closeRound()).toBeNull()
    side.strategy.receive(sent('b', { ...draftOf('model', 1), samples: 1, payload: Float32Array.of(4) }))
    expect(side.strategy.closeRound()).toBeNull()
    side.drained.add('c')
    expect(side.strategy.closeRound()).toEqual({ round: 1, members: ['a', 'b'] })
    expect(side.replica.values[0]).toBe((3 * 8 + 4) / 4)
    expect(side.strategy.isBlocked).toBe(false)
  })

  test('equal models average to themselves, bit for bit, for any weights and members', () => {
    const value = fc.float({ noNaN: true, noDefaultInfinity: true })
    fc.assert(
      fc.property(
        value,
        fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 5 }),
        (model, weights) => {
          const members = ['a', ...weights.map((_, i) => `b${i}`)]
          const side = aSide(sync('model-averaging', { interval: 1 }), 'a', [model], members)
          side.drained.add('a')
          weights.forEach((samples, i) => {
            side.strategy.receive(sent(`b${i}`, { ...draftOf('model', 1), samples, payload: Float32Array.of(model) }))
          })
          expect(side.strategy.closeRound()?.members).toEqual(members.slice(1))
          expect(side.replica.values[0]).toBe(Math.fround(model) + 0)
        },
      ),
    )
  })

  test('a model of a later round waits until this one is closed', () => {
    const side = aSide(sync('model-averaging', { interval: 1 }), 'a', [8])
    expect(side.strategy.receive(sent('b', { ...draftOf('model', 2), samples: 1, payload: Float32Array.of(4) }))).toBe(
      false,
    )
  })
})

describe('push-sum', () => {
  test('keeps the sum of mass × model, messages under way included', () => {
    const moves = fc.array(fc.record({ from: fc.nat(2), delivers: fc.boolean() }), { maxLength: 60 })
    fc.assert(
      fc.property(moves, (list) => {
        const members = ['a', 'b', 'c']
        const sides = members.map((region, i) =>
          aSide(
            sync('model-averaging', { interval: 1, mode: 'asynchronous' }),
            region,
            [i * 7 - 5],
            members,
            [0.5, 0.25, 0.25][i],
          ),
        )
        const moving: Update[] = []
        const total = (): readonly [number, number] => {
          const here = sides.map(
            ({ strategy, replica }) => [strategy.finalMass, strategy.finalMass * replica.values[0]!] as const,
          )
          const there = moving.map(({ header, payload }) => [header.mass, header.mass * payload[0]!] as const)
          return [...here, ...there].reduce(([m, x], [mass, part]) => [m + mass, x + part] as const, [0, 0] as const)
        }
        const [, before] = total()
        for (const { from, delivers } of list) {
          const side = sides[from]!
          step(side, [0])
          if (side.strategy.isDue(false)) moving.push(sent(side.region, side.strategy.seal()))
          const update = delivers ? moving.shift() : undefined
          if (update !== undefined)
            sides.find(({ region }) => region === update.header.targetRegion)!.strategy.receive(update)
          const [mass, sum] = total()
          expect(mass).toBeCloseTo(1, 12)
          // Models are float32.
          expect(sum).toBeCloseTo(before, 4)
        }
      }),
    )
  })

  test('who has given almost all of its mass away waits for a receipt', () => {
    const side = aSide(sync('model-averaging', { interval: 1, mode: 'asynchronous' }), 'a', [1])
    let given = 0
    for (; given < 50; given++) {
      step(side, [0])
      if (!side.strategy.isDue(false)) break
      side.strategy.seal()
    }
    expect(given).toBe(7)
    side.strategy.receive(
      sent('b', { ...draftOf('mass', 1), mass: 0.5, targetRegion: 'a', payload: Float32Array.of(1) }),
    )
    expect(side.strategy.isDue(false)).toBe(true)
  })
})

describe('a strategy that cannot be', () => {
  test.each([
    [sync('sgd'), 'sync.strategy: "sgd" is not known'],
    [sync('asgd', { mode: 'synchronous' }), 'sync.mode: "synchronous" is not known to asgd'],
    [sync('model-averaging', { mode: 'sum' }), 'sync.mode: "sum" is not known'],
    [sync('asgd-ga', { interval: 1.5 }), 'sync.interval: 1.5'],
    [sync('asgd-ga', { delayCompensation: -1 }), 'sync.delayCompensation: -1'],
  ])('is refused by field and value %#', (options, text) => {
    expect(() => aSide(options, 'a', [0])).toThrow(text)
  })
})

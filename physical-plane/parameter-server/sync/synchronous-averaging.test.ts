// Averaging after every step is synchronous SGD: the step is linear in the gradient, also with a momentum and weight
// decay in local state, so the weighted mean of the regions' steps is the step of the weighted mean of their gradients
// (the regions' weights must be the same in each round). An optimiser that is not linear, as AdamW, must not pass.
import { describe, expect, test } from 'vitest'
import { aLayout, Cluster, sync } from '../partition.fixture.ts'
import type { ParameterGroup } from '../replica/layout.ts'

const steps = 6
/** Batches in the ratio of the shares 4/7, 2/7 and 1/7: every region makes as many steps. */
const regions = [
  { name: 'a', batch: 4, samples: 4 * steps },
  { name: 'b', batch: 2, samples: 2 * steps },
  { name: 'c', batch: 1, samples: steps },
] as const
const learningRate = 0.1
const initial = [4, -3, 0.7]
type Region = (typeof regions)[number]
type Group = Partial<ParameterGroup>

/** The gradient of one sample: it pulls each parameter to a point and with a strength of its own. */
function slopesOf(region: string, position: number, values: ArrayLike<number>): number[] {
  const at = region.charCodeAt(0) * 3 + position * 5
  return Array.from(values, (value, i) => (0.2 + ((at + i) % 4) / 4) * (value - ((at * 7 + i * 3) % 11) / 2 + 2))
}

type Shares = Readonly<Record<string, number>>
const unequal: Shares = { a: 4 / 7, b: 2 / 7, c: 1 / 7 }

/** float64: an optimiser on one machine that steps along the weighted mean of the regions' mean gradients. */
function descended(kind: 'sgd' | 'adamw', group: Group, shares: Shares = unequal): number[] {
  const values = [...initial]
  const state = initial.map(() => [0, 0] as [number, number])
  for (let step = 0; step < steps; step++) {
    const gradient = initial.map(() => 0)
    for (const { name, batch } of regions) {
      for (let at = step * batch; at < (step + 1) * batch; at++) {
        slopesOf(name, at, values).forEach((slope, i) => (gradient[i]! += (slope / batch) * (shares[name] ?? 0)))
      }
    }
    const change = kind === 'sgd' ? sgdChange : adamwChange
    for (let i = 0; i < values.length; i++) values[i]! += change(group, step, values[i]!, gradient[i]!, state[i]!)
  }
  return values
}

/** As torch.optim.SGD. */
function sgdChange(group: Group, step: number, value: number, gradient: number, state: [number, number]): number {
  const { momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = group
  const slope = gradient + weightDecay * value
  state[0] = step === 0 ? slope : momentum * state[0] + (1 - dampening) * slope
  return -learningRate * (nesterov ? slope + momentum * state[0] : state[0])
}

/** As torch.optim.AdamW, with its default betas and epsilon. */
function adamwChange(_: Group, step: number, __: number, gradient: number, state: [number, number]): number {
  state[0] = 0.9 * state[0] + 0.1 * gradient
  state[1] = 0.999 * state[1] + 0.001 * gradient ** 2
  const spread = Math.sqrt(state[1] / (1 - 0.999 ** (step + 1))) + 1e-8
  return (-learningRate * state[0]) / (1 - 0.9 ** (step + 1)) / spread
}

async function averaged(kind: 'sgd' | 'adamw', group: Group, members: readonly Region[] = regions): Promise<number[]> {
  const batchOf = new Map<string, number>(members.map(({ name, batch }) => [name, batch]))
  const cluster = await Cluster.open({
    regions: members,
    sync: sync('model-averaging', { interval: 1, mode: 'synchronous' }),
    layout: aLayout(initial.length, { kind, group }),
    initial,
    gradientOf: ({ region, position, values }) =>
      slopesOf(region, position, values).map((slope) => slope / batchOf.get(region)!),
    learningRate,
    leaseSamples: 4,
  })
  await cluster.finish()
  for (const { name } of members) expect(cluster.at(name).progress().steps).toBe(steps)
  return Array.from(cluster.agreedReplica())
}

/**
 * Exact arithmetic would give equality (float64 about 1e-12), but replicas are float32. A value below 8 takes part in at
 * most 12 roundings a step (a batch of gradients, decay, velocity, step, mean), each off by at most half a unit in the
 * last place, 2^-22 there; rate × 1 / (1 - momentum) is at most 1, so a later step does not enlarge an earlier error.
 */
const tolerance = steps * 12 * 2 ** -22

function farthest(found: readonly number[], expected: readonly number[]): number {
  return Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)))
}

const cases: readonly (readonly [string, Group])[] = [
  ['nothing else', {}],
  ['weight decay', { weightDecay: 0.1 }],
  ['heavy-ball momentum', { momentum: 0.9 }],
  ['a damped heavy-ball momentum', { momentum: 0.9, dampening: 0.5 }],
  ['heavy-ball momentum and weight decay', { momentum: 0.9, weightDecay: 0.1 }],
  ['Nesterov momentum', { momentum: 0.9, nesterov: true }],
  ['Nesterov momentum and weight decay', { momentum: 0.9, nesterov: true, weightDecay: 0.1 }],
]

describe('averaging regions of unequal weight after every step', () => {
  test.each(cases)('is synchronous SGD on the weighted gradient, with %s', async (_, group) => {
    expect(farthest(await averaged('sgd', group), descended('sgd', group))).toBeLessThan(tolerance)
  })

  test('the tolerance tells the weights and all these optimisers apart', () => {
    for (const [name, group] of cases) {
      const expected = descended('sgd', group)
      expect(farthest(descended('sgd', group, { a: 1 / 3, b: 1 / 3, c: 1 / 3 }), expected)).toBeGreaterThan(
        100 * tolerance,
      )
      for (const [other, otherGroup] of cases) {
        if (other === name) continue
        expect(farthest(descended('sgd', otherGroup), expected)).toBeGreaterThan(100 * tolerance)
      }
    }
  })

  test('is not synchronous AdamW, though one region alone is', async () => {
    expect(farthest(await averaged('adamw', {}), descended('adamw', {}))).toBeGreaterThan(100 * tolerance)
    const alone = await averaged('adamw', {}, [regions[0]])
    expect(farthest(alone, descended('adamw', {}, { a: 1 }))).toBeLessThan(tolerance)
  })
})

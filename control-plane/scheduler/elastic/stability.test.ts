// Whatever is measured, re-planning settles: over a job's whole life, with every plan carried out.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { anAgent } from '#control-plane/model/builders.ts'
import type { Objective } from '#control-plane/model/job.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { seededRandom } from '#runtime/random.ts'
import { latePauseMs, replaceEveryMs } from './config.ts'
import { live, type FluidEnd, type FluidWorld } from './fluid-job.fixture.ts'
import { running } from './running-job.fixture.ts'

const steady: Omit<FluidWorld, 'speedOf'> = { tickMs: 30_000, ticksMax: 1_200, windowMs: 30_000 }

const objectives = fc.oneof(
  fc.constant<Objective>({ kind: 'least-cost', slack: 0.05 }),
  fc.constant<Objective>({ kind: 'least-time' }),
  fc
    .integer({ min: 2_000, max: 12_000 })
    .map((seconds): Objective => ({ kind: 'deadline', atMs: 1e6 + 1000 * seconds })),
)

/** Free units beside those that the job holds. */
const spare = fc.record({ a: fc.integer({ min: 0, max: 6 }), b: fc.integer({ min: 0, max: 9 }) })

function startOf(objective: Objective, more: { readonly a: number; readonly b: number }): Snapshot {
  const agents = [anAgent('a', { cpu: 6 + more.a, t4: 1 }), anAgent('b', { cpu: 3 + more.b }), anAgent('c', {})]
  return { ...running({ spec: { objective } }), agents }
}

function changesOf({ plans }: FluidEnd): number {
  return plans.length - 1
}

test('speeds that stay as they are bring one change at most, once they are known', () => {
  const speeds = fc.record({ a: fc.integer({ min: 20, max: 300 }), b: fc.integer({ min: 20, max: 300 }) })
  fc.assert(
    fc.property(objectives, spare, speeds, (objective, more, { a, b }) => {
      const end = live(startOf(objective, more), {
        ...steady,
        // Each model is as much faster than the other as the catalogue says.
        speedOf: (place, model) => (place === 'a' ? a : b) * (model === 't4' ? 20 : 1),
      })
      expect(end.state).toBe('running')
      // The first look after a start knows what the plan was made with; the second change is for what was measured.
      const late = objective.kind === 'deadline' ? 1 : 0
      expect(changesOf(end)).toBeLessThanOrEqual(2 + late)
      const measured = end.plans.filter(({ cause }) => cause.includes('were planned'))
      expect(measured.length).toBeLessThanOrEqual(1 + late)
    }),
    { numRuns: 15 },
  )
})

test('noise of a tenth changes no plan that was right', () => {
  fc.assert(
    fc.property(spare, fc.integer({ min: 1, max: 1_000_000 }), (more, seed) => {
      const random = seededRandom(seed)
      const end = live(startOf({ kind: 'least-cost', slack: 0.05 }, more), {
        ...steady,
        speedOf: (_, model) => (model === 't4' ? 2_000 : 100) * (0.9 + 0.2 * random.next()),
      })
      // What the first look finds better is no answer to noise.
      expect(changesOf(end)).toBeLessThanOrEqual(1)
    }),
    { numRuns: 15 },
  )
})

test('wild noise changes plans no more often than every two minutes, and never to and fro within them', () => {
  fc.assert(
    fc.property(objectives, spare, fc.integer({ min: 1, max: 1_000_000 }), (objective, more, seed) => {
      const random = seededRandom(seed)
      const end = live(startOf(objective, more), {
        ...steady,
        ticksMax: 400,
        speedOf: (_, model) => (model === 't4' ? 2_000 : 100) * Math.exp(3 * (random.next() - 0.5)),
      })
      const pauseMs = objective.kind === 'deadline' ? latePauseMs : replaceEveryMs
      for (const [n, plan] of end.plans.entries()) {
        if (n < 2) continue
        expect(plan.plannedAtMs - end.plans[n - 1]!.plannedAtMs).toBeGreaterThanOrEqual(pauseMs)
      }
      const hours = (end.nowMs - 1e6) / 3_600_000
      expect(changesOf(end)).toBeLessThanOrEqual(2 + hours * (3_600_000 / pauseMs))
    }),
    { numRuns: 15 },
  )
})

test('units that come and go all the time do not keep a plan from its work', () => {
  const end = live(startOf({ kind: 'least-cost', slack: 0.05 }, { a: 0, b: 0 }), {
    ...steady,
    speedOf: (_, model) => (model === 't4' ? 2_000 : 100),
    before: (snapshot, tick) => ({
      ...snapshot,
      agents: [anAgent('a', { cpu: 6 + (tick % 3) }), anAgent('b', { cpu: 3 + (tick % 2) }), anAgent('c', {})],
    }),
  })
  expect(changesOf(end)).toBeLessThanOrEqual(1)
})

import { assert, constant, integer, oneof, property, record, array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyActions } from '#control-plane/model/actions.ts'
import { aCatalogue, aJob, anAgent, anInstance, aShard, aSnapshot, aSpec } from '#control-plane/model/builders.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { PlanMemory } from './plan-memory.ts'
import { planPending } from './plan.ts'

const names = ['a', 'b', 'c'] as const
const catalogue = aCatalogue({ a: { cpu: 1, t4: 3 }, b: { cpu: 2 }, c: { cpu: 1, t4: 2 } }, { cpu: 1, t4: 8 })
const empty = aSnapshot({
  catalogue,
  agents: [anAgent('a', { cpu: 3, t4: 1 }), anAgent('b', { cpu: 2 }), anAgent('c', { cpu: 4 })],
})

type Step =
  | { readonly kind: 'submit'; readonly regions: number; readonly mayMove: boolean; readonly workersMax: number }
  | { readonly kind: 'end'; readonly at: number }
  | { readonly kind: 'lose'; readonly region: number }
  | { readonly kind: 'measure' }
  | { readonly kind: 'wait' }

const steps = array(
  oneof(
    record({
      kind: constant('submit' as const),
      regions: integer({ min: 1, max: 7 }),
      mayMove: constant(false),
      workersMax: integer({ min: 1, max: 3 }),
    }),
    record({
      kind: constant('submit' as const),
      regions: integer({ min: 1, max: 7 }),
      mayMove: constant(true),
      workersMax: integer({ min: 1, max: 3 }),
    }),
    record({ kind: constant('end' as const), at: integer({ min: 0, max: 20 }) }),
    record({ kind: constant('lose' as const), region: integer({ min: 0, max: 2 }) }),
    record({ kind: constant('measure' as const) }),
    record({ kind: constant('wait' as const) }),
  ),
  { maxLength: 25 },
)

describe('a plan memory', () => {
  test('changes no decision: whoever remembers places the same jobs on the same units as who looks at all anew', () => {
    assert(
      property(steps, (course) => {
        const memory = new PlanMemory()
        let [remembering, anew] = [empty, empty]
        course.forEach((step, i) => {
          remembering = pass(change(remembering, step, i), memory)
          anew = pass(change(anew, step, i), new PlanMemory())
          expect(placed(remembering)).toEqual(placed(anew))
        })
      }),
    )
  })

  test('plans a job that waits no more than once while nothing comes free, and at once when something does', () => {
    const memory = new PlanMemory()
    const submit = { kind: 'submit', regions: 2, mayMove: false, workersMax: 0 } as const
    let snapshot = pass(change(change(empty, submit, 0), submit, 1), memory)
    expect(snapshot.jobs.map(({ plan }) => plan?.outcome)).toEqual(['placed', 'waiting'])
    // Would it be planned again, its plan would be of now.
    snapshot = { ...snapshot, nowMs: snapshot.nowMs + 60_000, agents: [...snapshot.agents] }
    expect(planPending(snapshot, memory).jobs).toEqual([])
    snapshot = pass(change(snapshot, { kind: 'end', at: 0 }, 2), memory)
    expect(snapshot.jobs.map(({ plan }) => plan?.outcome)).toEqual(['placed'])
  })
})

function pass(snapshot: Snapshot, memory: PlanMemory): Snapshot {
  return applyActions(snapshot, planPending(snapshot, memory))
}

function placed({ jobs }: Snapshot): unknown {
  return jobs.map(({ id, plan }) => [id, plan?.outcome, plan?.partitions])
}

function change(snapshot: Snapshot, step: Step, i: number): Snapshot {
  switch (step.kind) {
    case 'submit':
      return { ...snapshot, jobs: [...snapshot.jobs, aWaitingJob(i, step)] }
    case 'end':
      return { ...snapshot, jobs: snapshot.jobs.filter((_, at) => at !== step.at) }
    case 'lose': {
      const lost = names[step.region]
      const agents = snapshot.agents.map((agent) =>
        agent.region === lost ? { ...agent, isConnected: !agent.isConnected } : agent,
      )
      return { ...snapshot, agents }
    }
    case 'measure':
      return { ...snapshot, throughput: new Map([[`${'ab'.repeat(32)}/t4`, 10 + i]]) }
    case 'wait': {
      // What a job elsewhere holds comes and goes.
      const instances =
        snapshot.instances.length > 0 ? [] : [anInstance({ id: 'j-0/c/worker-0', jobId: 'j-0', region: 'c' })]
      return { ...snapshot, instances }
    }
  }
}

/** `regions` has a bit for each. */
function aWaitingJob(i: number, { regions, mayMove, workersMax }: Extract<Step, { kind: 'submit' }>): Job {
  const own = names.filter((_, at) => (regions >> at) % 2 === 1)
  const shards = own.map((region) => aShard(region, 100, { bytes: 100, mayMoveTo: mayMove ? ['*'] : [] }))
  const resources = { ...aSpec().resources, workersMaxPerRegion: workersMax }
  const policy = mayMove ? 'least-cost' : 'load-power'
  return aJob({ id: `j-${String(100 + i)}`, createdAtMs: i, spec: aSpec({ shards, policy, resources }) })
}

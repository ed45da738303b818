// A running job in the middle of its work, and what happens to it observation by observation: for tests of re-planning.
import { applyActions } from '#control-plane/model/actions.ts'
import {
  aCatalogue,
  aJob,
  anAgent,
  anAllocation,
  anInstance,
  aPartition,
  aPlan,
  aShard,
  aSnapshot,
  aSpec,
  someProgress,
} from '#control-plane/model/builders.ts'
import type { InstanceEvent } from '#control-plane/model/history.ts'
import type { Job, JobSpec } from '#control-plane/model/job.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { Instance, PartitionProgress, Snapshot } from '#control-plane/model/snapshot.ts'
import { mustComeAgain } from './decided-again.fixture.ts'
import { replanRunning } from './replan-running.ts'
import type { ElasticMemory } from './state.ts'

const cpu = (units: number) => [anAllocation(units, { samplesPerSecondPerUnit: 100, usdPerUnitHour: 1 })]
export const data = { bytes: 1e9, mayMoveTo: ['*'] }

/** Data 2:1 over two regions: six units in a, three in b, at 100 samples/s each; a tenth is done. */
export function running(change: { readonly spec?: Partial<JobSpec>; readonly job?: Partial<Job> } = {}): Snapshot {
  const spec = aSpec({
    shards: [aShard('a', 2_000_000), aShard('b', 1_000_000)],
    training: { ...aSpec().training, epochs: 2 },
    policy: 'least-cost',
    ...change.spec,
  })
  const plan = aPlan(
    {},
    {
      policy: 'least-cost',
      partitions: [
        aPartition('a', 0, { samples: 2_000_000, allocations: cpu(6), loadPower: 600 / 2_000_000 }),
        aPartition('b', 0, { samples: 1_000_000, allocations: cpu(3), loadPower: 300 / 1_000_000 }),
      ],
    },
  )
  const servers = plan.partitions.flatMap(({ region, samples, allocations }) => [
    server(region, { samplesDone: samples / 5, samplesTotal: 2 * samples, workers: allocations[0]!.units, rounds: 10 }),
    ...Array.from({ length: allocations[0]!.units }, (_, n) => anInstance({ id: `j-1/${region}/worker-${n}`, region })),
  ])
  return aSnapshot({
    catalogue: aCatalogue({ a: { cpu: 1, t4: 30 }, b: { cpu: 1, t4: 30 }, c: { cpu: 1 } }, { cpu: 1, t4: 20 }),
    agents: [anAgent('a', { cpu: 6 }), anAgent('b', { cpu: 6 }), anAgent('c', {})],
    jobs: [aJob({ spec, plan, state: 'running', startedAtMs: 0, ...change.job })],
    instances: servers,
  })
}

function server(region: string, progress: Partial<PartitionProgress>): Instance {
  const units = progress.workers ?? 0
  const at = someProgress(region, { samplesPerSecond: 100 * units, steps: 1000, ...progress })
  return anInstance({ id: `j-1/${region}/ps`, region, role: 'parameter-server', units: 0, progress: at })
}

export function progressed(snapshot: Story, changes: Readonly<Record<string, Partial<PartitionProgress>>>): Story {
  const instances = snapshot.instances.map((instance): Instance => {
    const change = changes[instance.partition]
    if (instance.progress === null || change === undefined) return instance
    return { ...instance, progress: { ...instance.progress, ...change } }
  })
  return { ...snapshot, instances }
}

export const later = (story: Story, ms: number): Story => ({ ...story, nowMs: story.nowMs + ms })

/** A snapshot, what was remembered when it was looked at last, and the events until then. */
export type Story = Snapshot & { readonly memory?: ElasticMemory; readonly events?: readonly InstanceEvent[] }

export function step(story: Story): Story {
  const { actions, memory } = replanRunning(story, story.memory)
  mustComeAgain(actions, story.catalogue)
  return { ...applyActions(story, actions), memory, events: [...(story.events ?? []), ...(actions.events ?? [])] }
}

export const planOf = (snapshot: Snapshot): Plan => snapshot.jobs[0]!.plan!
export const unitsOf = (snapshot: Snapshot): object =>
  Object.fromEntries(
    planOf(snapshot).partitions.map(({ place, allocations }) => [
      place,
      allocations.map(({ units, deviceModel }) => `${units} ${deviceModel}`).join(' '),
    ]),
  )

/** Observations, each with a new round. */
export function observed(
  snapshot: Story,
  count: number,
  changes: Readonly<Record<string, Partial<PartitionProgress>>>,
): Story {
  let now = snapshot
  for (let n = 1; n <= count; n++) {
    const next = Object.fromEntries(Object.entries(changes).map(([name, each]) => [name, { ...each, rounds: 10 + n }]))
    now = step(later(progressed(now, next), 1000))
  }
  return now
}

/** As the reconciler would carry the plan out. */
export function withWorkers(instance: Instance, plan: Plan): Instance {
  if (instance.progress === null) return instance
  const partition = plan.partitions.find(({ region }) => region === instance.partition)!
  const workers = partition.allocations.reduce((sum, { units }) => sum + units, 0)
  return { ...instance, progress: { ...instance.progress, workers } }
}

// What changes plans while jobs run: somebody decides on other units, prices change, a cloud says that it will take a machine
// away and does. Nothing of it may cost a sample, an update or an entry of the ledger.
import type { Partition, Plan } from '#control-plane/model/plan.ts'
import { longerExchanges } from '#control-plane/scheduler/elastic/budget.ts'
import type { Random } from '#runtime/random.ts'
import type { World } from './world.ts'

export const elasticFaults = ['another plan', 'other prices', 'notice of a loss'] as const
export type ElasticFault = (typeof elasticFaults)[number]

const unitsMax = 3
/** Of no importance: intervals are chosen by chance. */
const modelSize = { updateBytes: 4e3, samplesPerStep: 8 }

/** A running job goes on with other units in one place, or exchanges less often, as a scheduler might decide. Null without one. */
export function changePlan(world: World, random: Random): Promise<void> | null {
  const { revision, jobs } = world.store.view()
  const running = jobs.filter(({ state, plan }) => state === 'running' && plan?.outcome === 'placed')
  const job = running[random.integer(Math.max(1, running.length))]
  if (job === undefined) return null
  const plan = job.plan!
  const changed = random.integer(plan.partitions.length)
  const units = 1 + random.integer(unitsMax)
  const longer = longerExchanges(plan.exchange, job.spec.sync, modelSize)
  const exchange = random.next() < 0.5 ? longer[random.integer(Math.max(1, longer.length))] : undefined
  const isChanged = (n: number): boolean => exchange === undefined && n === changed
  const next: Plan = {
    ...plan,
    version: plan.version + 1,
    plannedAtMs: world.clock.now(),
    cause: 'the simulator wants it so',
    exchange: exchange ?? plan.exchange,
    partitions: plan.partitions.map((partition, n) => (isChanged(n) ? withUnits(partition, units) : partition)),
  }
  return world.store.commit([{ kind: 'job', job: { ...job, plan: next } }], revision).then(() => {})
}

function withUnits(partition: Partition, units: number): Partition {
  const [first] = partition.allocations
  return { ...partition, allocations: first === undefined ? [] : [{ ...first, units }] }
}

/** The agent tells of it; then everything there dies, and a new machine with the same disks takes its place. */
export function takeAway(
  world: World,
  region: string,
  { noticeMs, downMs }: { readonly noticeMs: number; readonly downMs: number },
): Promise<void> | null {
  const { agent, machine } = world.places.get(region)!
  if (agent === null) return null
  agent.endsAt(world.clock.now() + noticeMs)
  return world.clock.sleep(noticeMs).then(async () => {
    for (const process of machine.live) process.kill()
    if (world.places.get(region)!.agent === null) return
    world.crashAgent(region)
    await world.clock.sleep(downMs)
    await world.startAgent(region)
  })
}

// What strikes, when and for how long, all drawn from the seed.
import type { Random } from '#runtime/random.ts'
import { changePlan, elasticFaults, takeAway, type ElasticFault } from './elastic-faults.ts'
import { regionNames, type SimulationOptions } from './options.ts'
import type { World } from './world.ts'

export type FaultKind =
  | 'control plane'
  | 'agent'
  | 'parameter server'
  | 'worker'
  | 'link between regions'
  | 'region cut off'
  | 'link to control plane'
  | 'disk of a parameter server'
  | 'wall clock'
  | ElasticFault

const kinds: readonly FaultKind[] = [
  'control plane',
  'agent',
  'parameter server',
  'worker',
  'link between regions',
  'region cut off',
  'link to control plane',
  'disk of a parameter server',
  'wall clock',
]

/** Only where asked for, so that histories of earlier seeds stay what they were. */
const elasticKinds: readonly FaultKind[] = [...kinds, ...elasticFaults, ...elasticFaults]

const downMsMax = 30_000
/** A partition of the network may outlast every time-out of rounds. */
const cutMsMax = 60_000
const wallJumpMsMax = 3_600_000

/** Strikes at random times until the end, then stops for good. Resolves once everything struck is up again. */
export async function strike(
  world: World,
  { faultsPerHour, isElastic = false }: Pick<SimulationOptions, 'faultsPerHour' | 'isElastic'>,
  untilMs: number,
  report: (text: string) => void,
): Promise<number> {
  const { clock, random } = world
  const repairs: Promise<void>[] = []
  const all = isElastic ? elasticKinds : kinds
  let count = 0
  if (faultsPerHour === 0) return count
  for (;;) {
    await clock.sleep((-Math.log(1 - random.next()) * 3_600_000) / faultsPerHour)
    if (clock.monotonicMs() >= untilMs) break
    const kind = all[random.integer(all.length)]!
    const repair = apply(world, kind, random)
    if (repair === null) continue
    count += 1
    report(`${(clock.monotonicMs() / 1000).toFixed(1)} s: ${kind}`)
    repairs.push(repair)
  }
  await Promise.all(repairs)
  return count
}

/** Null when there is nothing to strike. */
function apply(world: World, kind: FaultKind, random: Random): Promise<void> | null {
  const { clock } = world
  const downMs = 200 + downMsMax * random.next() ** 3
  const cutMs = 200 + cutMsMax * random.next() ** 2
  const region = regionNames[random.integer(regionNames.length)]!
  const place = world.places.get(region)!
  switch (kind) {
    case 'control plane':
      if (!world.isControlUp) return null
      world.crashControl()
      return clock.sleep(downMs).then(() => world.startControl())
    case 'agent':
      if (place.agent === null) return null
      world.crashAgent(region)
      return clock.sleep(downMs).then(() => world.startAgent(region))
    case 'parameter server':
    case 'worker': {
      const role = kind === 'worker' ? 'worker' : 'parameter-server'
      const victims = place.machine.live.filter((process) => process.role === role)
      if (victims.length === 0) return null
      victims[random.integer(victims.length)]!.kill()
      return Promise.resolve()
    }
    case 'link between regions': {
      const other = othersOf(region)[random.integer(regionNames.length - 1)]!
      world.network.cut(region, other)
      return clock.sleep(cutMs).then(() => world.network.restore(region, other))
    }
    case 'region cut off':
      for (const other of othersOf(region)) world.network.cut(region, other)
      return clock.sleep(cutMs).then(() => {
        for (const other of othersOf(region)) world.network.restore(region, other)
      })
    case 'link to control plane':
      world.network.cut(region, 'control')
      return clock.sleep(downMs).then(() => world.network.restore(region, 'control'))
    case 'disk of a parameter server': {
      const jobs = world.jobsThatMayLoseDisk(region)
      const jobId = jobs[random.integer(jobs.length)]
      if (jobId === undefined) return null
      world.loseDisk(region, jobId)
      return Promise.resolve()
    }
    case 'wall clock':
      place.machine.wallOffsetMs = wallJumpMsMax * (2 * random.next() - 1)
      return Promise.resolve()
    case 'another plan':
      return changePlan(world, random)
    case 'other prices':
      world.changePrices(0.2 + 2 * random.next())
      return Promise.resolve()
    case 'notice of a loss':
      return takeAway(world, region, { noticeMs: cutMs, downMs })
  }
}

function othersOf(region: string): readonly string[] {
  return regionNames.filter((other) => other !== region)
}

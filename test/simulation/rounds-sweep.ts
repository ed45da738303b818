// Faults at every step of the protocol: from a seed, a job of two to four regions under some strategy, and crashes, lost
// disks, cut links, wall clocks that jump, lost, repeated and late messages while it runs. What must hold is checked after
// every event and at the end. Small models and a virtual clock make a run a few hundredths of a second, so thousands of seeds are affordable.
import { seededRandom, type Random } from '#runtime/random.ts'
import { strategies } from '#proto/sync/strategies.ts'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { Cluster, type ClusterOptions } from '#physical-plane/parameter-server/cluster.fixture.ts'
import { aLayout, wholeGradients } from '#physical-plane/parameter-server/partition.fixture.ts'
import { isOver, judge, openHistory, step } from './cluster-run.ts'
import type { RoundHistory } from './round-history.ts'

export type SweepResult = {
  readonly seed: number
  readonly strategy: string
  readonly faults: readonly string[]
  readonly rounds: number
  readonly virtualSeconds: number
  readonly events: number
}

export type SweepOptions = {
  /** Take this strategy instead of one by the seed. */
  readonly strategy?: string
  readonly withDiskLoss?: boolean
}

const elements = 24

/** Rejects, naming the seed, where something does not hold. */
export async function sweep(seed: number, options: SweepOptions = {}): Promise<SweepResult> {
  const random = seededRandom(seed)
  const names = [...strategies.keys()]
  const strategy = options.strategy ?? names[seed % names.length]!
  const regions = ['a/1', 'b/2', 'c/3', 'd/4'].slice(0, 2 + random.integer(3))
  const faults: string[] = []
  try {
    const cluster = await Cluster.open(clusterOptions(random, seed, strategy, regions))
    const history = openHistory(cluster)
    const isDiskLost = options.withDiskLoss ?? true
    const events = await run(cluster, history, random, { faults, isDiskLost, jumps: wallClockJumps(seed, regions) })
    const rounds = await judge(cluster, history)
    return { seed, strategy, faults, rounds, virtualSeconds: cluster.clock.monotonicMs() / 1000, events }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new Error(`seed ${seed} (${strategy}, ${regions.length} regions): ${text}\n  ${faults.join('\n  ')}`, {
      cause: error,
    })
  }
}

function clusterOptions(random: Random, seed: number, strategy: string, regions: readonly string[]): ClusterOptions {
  return {
    regions: regions.map((name) => ({
      name,
      samples: 20 + random.integer(80),
      workers: 1 + random.integer(2),
      batch: 1 + random.integer(4),
    })),
    sync: { ...syncOptions(random, strategy), strategy },
    layout: aLayout(elements - 4, { buffers: 4, kind: random.integer(3) === 0 ? 'adamw' : 'sgd' }),
    initial: Array.from({ length: elements }, (_, i) => i - elements / 2),
    gradientOf: wholeGradients,
    learningRate: 2 ** -7,
    epochs: 1 + random.integer(3),
    leaseSamples: 4 + random.integer(12),
    seed,
    delayMs: [5, 50, 400][random.integer(3)]!,
    trouble: [0, 0.05, 0.3][random.integer(3)]!,
  }
}

function syncOptions(random: Random, strategy: string): GivenSync {
  const pick = <T>(...values: readonly T[]): T => values[random.integer(values.length)]!
  const rounds = { quorum: pick(0, 1), late: pick('carry', 'drop'), graceMinMs: 200, graceMaxMs: pick(500, 3000) }
  switch (strategy) {
    case 'asgd-ga':
      return { interval: pick(2, 5), mode: pick('sum', 'mean'), codec: pick('fp32', 'int8', 'top-k') }
    case 'asgd':
      return { mode: pick('sum', 'mean') }
    case 'asp':
      return { interval: pick(1, 4) }
    case 'model-averaging':
      return pick({ mode: 'synchronous', interval: 4, ...rounds }, { mode: 'asynchronous', interval: 4 })
    case 'diloco':
      return { interval: pick(3, 8), codec: pick('fp32', 'int8', 'int4', 'top-k', 'sparse-loco'), ...rounds }
    case 'streaming-diloco':
      return { interval: pick(4, 8), fragments: pick(1, 3), merge: pick('rebase', 'mix', 'overwrite'), ...rounds }
    case 'hierarchical':
      return { interval: pick(2, 5) }
    default:
      return { ...rounds, intervalMin: 4, intervalMax: 8 }
  }
}

type Jump = { readonly event: number; readonly region: string; readonly byMs: number }

/** Of their own chance, so that a seed's other faults are what they were without them. */
function wallClockJumps(seed: number, regions: readonly string[]): readonly Jump[] {
  const random = seededRandom(seed + 1_000_000_007)
  return Array.from({ length: random.integer(4) }, () => ({
    event: random.integer(1_500),
    region: regions[random.integer(regions.length)]!,
    byMs: [-86_400_000, -4_000, 4_000, 86_400_000][random.integer(4)]!,
  }))
}

type Faults = { readonly faults: string[]; readonly isDiskLost: boolean; readonly jumps: readonly Jump[] }

async function run(
  cluster: Cluster,
  history: RoundHistory,
  random: Random,
  { faults, isDiskLost, jumps }: Faults,
): Promise<number> {
  const planned = 1 + random.integer(6)
  let left = planned
  let next = random.integer(400)
  let events = 0
  const note = (text: string): void =>
    void faults.push(`at ${cluster.clock.monotonicMs().toFixed(0)} ms, event ${events}: ${text}`)
  while (!isOver(cluster)) {
    for (const { event, region, byMs } of jumps) {
      if (event !== events) continue
      note(`the wall clock of ${region} jumps by ${byMs} ms`)
      cluster.jumpWallClock(region, byMs)
    }
    if (left > 0 && events >= next) {
      left -= 1
      next = events + 1 + random.integer(600)
      await strike(cluster, history, random, isDiskLost, note)
    }
    await step(cluster, history)
    events += 1
  }
  return events
}

async function strike(
  cluster: Cluster,
  history: RoundHistory,
  random: Random,
  isDiskLost: boolean,
  note: (text: string) => void,
): Promise<void> {
  const { regions } = history
  const region = regions[random.integer(regions.length)]!
  const other = regions.filter((name) => name !== region)[random.integer(regions.length - 1)]!
  const hasFinished = cluster.at(region).phase === 'finished'
  switch (random.integer(isDiskLost ? 4 : 3)) {
    case 0:
    case 1:
      note(`${region} crashes`)
      return cluster.crash(region)
    case 2: {
      const forMs = [200, 3000, 40_000][random.integer(3)]!
      note(`${region} and ${other} are cut for ${forMs} ms`)
      return cluster.cut(region, other, forMs)
    }
    default:
      // A job survives one lost disk, and only where somebody else has what was on it.
      if (hasFinished || !cluster.mayLoseDisk(region)) return
      note(`${region} loses its disk`)
      history.loseDisk(region)
      return cluster.loseDisk(region)
  }
}

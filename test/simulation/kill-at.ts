// One small job, in which one region is killed once, at any event.
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { Cluster, type ClusterOptions } from '#physical-plane/parameter-server/cluster.fixture.ts'
import { aLayout, wholeGradients } from '#physical-plane/parameter-server/partition.fixture.ts'
import { isOver, judge, openHistory, step } from './cluster-run.ts'
import type { RoundHistory } from './round-history.ts'

const elements = 24

const smallJob: Omit<ClusterOptions, 'sync'> = {
  regions: [
    { name: 'a/1', samples: 12 },
    { name: 'b/2', samples: 8 },
    { name: 'c/3', samples: 4 },
  ],
  layout: aLayout(elements),
  initial: Array.from({ length: elements }, (_, i) => i - elements / 2),
  gradientOf: wholeGradients,
  learningRate: 2 ** -7,
  leaseSamples: 4,
  delayMs: 5,
}

const grace: GivenSync = { graceMinMs: 50, graceMaxMs: 200 }
const smallSync: Readonly<Record<string, GivenSync>> = {
  auto: { ...grace, intervalMin: 4, intervalMax: 4 },
  'model-averaging': { ...grace, interval: 2 },
  diloco: { ...grace, interval: 2, codec: 'int8' },
  'streaming-diloco': { ...grace, interval: 2, fragments: 2 },
  hierarchical: { interval: 2 },
  'asgd-ga': { interval: 2, codec: 'int8' },
}

export type Kill = { readonly region: string; readonly event: number; readonly isDiskLost: boolean }

/**
 * The same small job every time, in which one region is killed after so many events and comes back. Answers how many
 * events there were; rejects where something does not hold.
 */
export async function killAt(strategy: string, { region, event, isDiskLost }: Kill): Promise<number> {
  try {
    const cluster = await Cluster.open({ ...smallJob, sync: { ...smallSync[strategy], strategy } })
    const history = openHistory(cluster)
    let events = 0
    while (!isOver(cluster)) {
      if (events === event) await kill(cluster, history, region, isDiskLost)
      await step(cluster, history)
      events += 1
    }
    await judge(cluster, history)
    return events
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    throw new Error(`${strategy}, ${region} killed at event ${event}${isDiskLost ? ' with its disk' : ''}: ${text}`, {
      cause: error,
    })
  }
}

/** What nobody else has can not be lost with a disk and come back. */
function kill(cluster: Cluster, history: RoundHistory, region: string, isDiskLost: boolean): Promise<void> {
  const isLost = isDiskLost && cluster.at(region).phase !== 'finished' && cluster.mayLoseDisk(region)
  if (!isLost) return cluster.crash(region)
  history.loseDisk(region)
  return cluster.loseDisk(region)
}

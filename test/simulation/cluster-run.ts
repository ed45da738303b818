// A cluster's run, event by event, and what must hold after each and at the end.
import type { Cluster } from '#physical-plane/parameter-server/cluster.fixture.ts'
import type { PeerSide } from '#physical-plane/parameter-server/peers/peer-side.ts'
import { Checkers } from './checkers.ts'
import { RoundHistory } from './round-history.ts'

const limitMs = 3_600_000

export function isOver({ nodes }: Cluster): boolean {
  return [...nodes.values()].every(({ partition }) => partition.isReleased)
}

/** What its regions must agree on. */
export function openHistory({ clock, nodes }: Cluster): RoundHistory {
  return new RoundHistory(new Checkers(clock), 'the job', [...nodes.keys()])
}

/** One event, and what must hold after it (I12, I18). */
export async function step(cluster: Cluster, history: RoundHistory): Promise<void> {
  if (cluster.failure !== null) throw cluster.failure
  if (!(await cluster.clock.step(limitMs + cluster.clock.now()))) throw new Error(`stands still: ${describe(cluster)}`)
  if (cluster.clock.monotonicMs() > limitMs) throw new Error(`does not end: ${describe(cluster)}`)
  for (const { partition } of cluster.nodes.values()) {
    history.observe(partition)
    // As an agent would.
    const { records } = partition
    records.take(records.taken + records.waiting.length)
  }
}

/** What must hold at the end (I7, I8); answers the number of rounds. */
export async function judge(cluster: Cluster, history: RoundHistory): Promise<number> {
  cluster.agreedReplica()
  // Updates that only some had fetched when a disk was lost stay with those; the last round makes them everybody's.
  if (history.lost.size === 0) await cluster.agreedVersions()
  let rounds = 0
  for (const { name, partition } of cluster.nodes.values()) {
    const { samplesDone, samplesTotal } = partition.progress()
    if (samplesDone !== samplesTotal) throw new Error(`${name} used ${samplesDone} of ${samplesTotal} samples`)
    rounds = Math.max(rounds, partition.progress().rounds)
  }
  return rounds
}

function appliedBy(exchange: Pick<PeerSide, 'appliedSeqOf' | 'durableSeqOf'>, cluster: Cluster): string {
  const regions = [...cluster.nodes.keys()]
  return regions.map((region) => `${exchange.appliedSeqOf(region)}/${exchange.durableSeqOf(region)}`).join(' ')
}

function describe(cluster: Cluster): string {
  return [...cluster.nodes.values()]
    .map(({ name, partition }) => {
      const { samplesDone, samplesTotal, sync } = partition.progress()
      const { status } = partition.exchange
      return `${name} ${partition.phase} ${samplesDone}/${samplesTotal} round ${sync?.committedRound} hub "${sync?.hub}" term ${status.term} drained ${status.hasDrained} offers ${status.contribution?.id ?? '-'}@${status.contribution?.round ?? '-'} final ${status.recent.at(-1)?.plan.isFinalNext ?? '-'} wants ${status.wantsSnapshot} known ${status.knownFinished.join('+')} proposed ${status.proposed?.term}/${status.proposed?.round} accepted ${status.accepted?.term}/${status.accepted?.round} isHub ${status.isHub} refused ${JSON.stringify(sync?.refused)} seq ${status.firstSeq}-${status.lastSeq} applied ${appliedBy(partition.exchange, cluster)}`
    })
    .join('\n  ')
}

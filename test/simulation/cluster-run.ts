// A cluster's run, event by event, and what must hold after each and at the end.
import type { Cluster } from '#physical-plane/parameter-server/cluster.fixture.ts'
import type { PeerSide } from '#physical-plane/parameter-server/peers/peer-side.ts'

const limitMs = 3_600_000

export function isOver({ nodes }: Cluster): boolean {
  return [...nodes.values()].every(({ partition }) => partition.isReleased)
}

/** One event, and what must hold after it. `committed` is the content of every round so far. */
export async function step(cluster: Cluster, committed: Map<number, string>): Promise<void> {
  if (cluster.failure !== null) throw cluster.failure
  if (!(await cluster.clock.step(limitMs + cluster.clock.now()))) throw new Error(`stands still: ${describe(cluster)}`)
  if (cluster.clock.monotonicMs() > limitMs) throw new Error(`does not end: ${describe(cluster)}`)
  checkRounds(cluster, committed)
}

/** I12 and I18: a round that is committed has one content everywhere. Takes the records, as an agent would. */
function checkRounds(cluster: Cluster, committed: Map<number, string>): void {
  for (const { name, partition } of cluster.nodes.values()) {
    const { records } = partition
    for (const record of records.waiting) {
      if (record.kind !== 'round' || record.round === 0) continue
      const content = `${record.members.join()} ${record.replicaHash}`
      const known = committed.get(record.round)
      if (known === undefined) committed.set(record.round, content)
      else if (known !== content)
        throw new Error(`round ${record.round} is ${content} in ${name}, and ${known} elsewhere`)
    }
    records.take(records.taken + records.waiting.length)
  }
}

/** What must hold at the end; answers the number of rounds. */
export function judge(cluster: Cluster): number {
  cluster.agreedReplica()
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

// What all regions must agree on, seen from outside after every event: one content for each committed round, one state
// after it, one hub in a term, every contribution in one round at most, every sample in the shared parameters once.
import { assert } from '#runtime/assert.ts'
import type { Partition } from '#physical-plane/parameter-server/partition.ts'
import type { Contribution, PeerStatus, Proposal } from '#physical-plane/parameter-server/rounds/types.ts'
import type { Checkers } from './checkers.ts'

/** What is looked at of one. */
export type WatchedPartition = Pick<Partition, 'region'> & {
  readonly exchange: Pick<Partition['exchange'], 'status' | 'appliedSeqOf'>
  readonly records: Pick<Partition['records'], 'taken' | 'at'>
}

type Watched = { status: PeerStatus | null; records: number; round: number }

export class RoundHistory {
  readonly #checkers: Checkers
  readonly #jobId: string
  /** Ascending. */
  readonly regions: readonly string[]
  readonly #watched = new WeakMap<WatchedPartition, Watched>()
  readonly #rounds = new Map<number, Proposal>()
  /** Regions that lost their disk. */
  readonly lost = new Set<string>()
  /** Contributions that were offered, by region, id and content: a region that lost its disk may use an id again. */
  readonly #offered = new Map<string, Contribution>()

  constructor(checkers: Checkers, jobId: string, regions: readonly string[]) {
    this.#checkers = checkers
    this.#jobId = jobId
    this.regions = [...regions].sort()
  }

  /** Looks at what is new. */
  observe(partition: WatchedPartition): void {
    const watched = this.#watched.get(partition) ?? { status: null, records: 0, round: -1 }
    this.#watched.set(partition, watched)
    const { status } = partition.exchange
    if (status !== watched.status) this.#observeStatus(partition, status, watched)
    watched.status = status
    this.#observeRecords(partition, watched)
  }

  loseDisk(region: string): void {
    this.lost.add(region)
  }

  /** Samples of a region that the shared parameters have in them, all fragments together; the least of them. */
  sharedSamples(region: string): number {
    const byFragment = new Map<number, number>()
    let last = 0
    for (const { members, fragment, isFinal } of this.#rounds.values()) {
      const member = members.find((one) => one.region === region)
      if (member === undefined) continue
      const contribution = this.#offered.get(nameOf(region, member.contributionId, member.payload.sha256))
      assert(contribution !== undefined, `${region} offered contribution ${member.contributionId} and nobody saw it`)
      if (isFinal) last = contribution.samples
      else byFragment.set(fragment, (byFragment.get(fragment) ?? 0) + contribution.samples)
    }
    const fragments = Array.from({ length: this.fragments }, (_, index) => byFragment.get(index) ?? 0)
    return last + Math.min(...fragments)
  }

  /** Then a fragment of one round is none of another. */
  get hasFragmentsChanged(): boolean {
    const rounds = [...this.#rounds.values()].filter(({ isFinal }) => !isFinal)
    if (new Set(rounds.map(({ plan }) => plan.fragments)).size > 1) return true
    // The plan of a proposal is that of the rounds after it: what the first one was cut by shows in its length only.
    const cuts = rounds.flatMap(({ fragment, members }) =>
      members.map(({ payload }) => `${fragment}: ${payload.elements}`),
    )
    return (
      new Set(cuts).size >
      new Set(rounds.filter(({ members }) => members.length > 0).map((round) => round.fragment)).size
    )
  }

  get fragments(): number {
    return Math.max(...[...this.#rounds.values()].map(({ plan }) => plan.fragments))
  }

  get #last(): Proposal | null {
    return this.#rounds.get(this.#rounds.size) ?? null
  }

  get isFinished(): boolean {
    return this.#last?.isFinal === true
  }

  #observeRecords({ records, region }: WatchedPartition, watched: Watched): void {
    watched.records = Math.max(watched.records, records.taken)
    for (let record = records.at(watched.records); record !== null; record = records.at(watched.records)) {
      watched.records += 1
      if (record.kind !== 'round' || record.round === 0) continue
      const known = this.#rounds.get(record.round)
      const what = `round ${record.round} of ${this.#jobId}`
      assert(known !== undefined, `${region} records ${what}, which nobody committed`)
      this.#checkers.same(`the state after ${what}, says ${region}`, `state of ${what}`, record.replicaHash)
    }
  }

  #observeStatus({ region, exchange }: WatchedPartition, status: PeerStatus, watched: Watched): void {
    const { committedRound, recent, contribution, isHub, term } = status
    const checkers = this.#checkers
    for (const proposal of recent) this.#committed(region, proposal)
    checkers.equal(`the newest round that ${region} tells of`, recent.at(-1)?.round ?? committedRound, committedRound)
    const isNext = recent.every(({ round }, index) => round === recent[0]!.round + index)
    checkers.equal(`whether the rounds of ${region} follow one another`, isNext, true)
    const isBack = committedRound < watched.round
    checkers.equal(`whether ${region} forgot that round ${watched.round} was committed`, isBack, false)
    watched.round = committedRound
    if (isHub) checkers.same(`the hub as ${region} sees it`, `hub of term ${term} of ${this.#jobId}`, region)
    if (contribution !== null) {
      this.#offered.set(nameOf(region, contribution.id, contribution.payload.sha256), contribution)
    }
    // Updates that only some had fetched when a disk was lost stay with those; the last round makes them everybody's.
    if (!status.hasFinished || this.lost.size > 0) return
    for (const source of this.regions) {
      const applied = source === region ? status.lastSeq : exchange.appliedSeqOf(source)
      checkers.same(`updates of ${source} in ${region}`, `updates of ${source} in the end of ${this.#jobId}`, applied)
    }
  }

  #committed(region: string, proposal: Proposal): void {
    const { round, members, absent } = proposal
    const what = `round ${round} of ${this.#jobId}`
    const known = this.#rounds.get(round)
    if (known === proposal) return
    this.#checkers.same(`what ${region} committed as ${what}`, what, contentOf(proposal))
    if (known !== undefined) return
    this.#checkers.equal(`the round after ${this.#rounds.size} of ${this.#jobId}`, round, this.#rounds.size + 1)
    this.#checkers.equal(`whether ${what} comes after the last one`, this.isFinished, false)
    this.#rounds.set(round, proposal)
    if (members.length === 0) return
    const told = [...members.map((member) => member.region), ...Object.keys(absent)].sort()
    this.#checkers.equal(`regions that ${what} tells of`, told.join(), this.regions.join())
    const weight = members.reduce((sum, member) => sum + member.weight, 0)
    this.#checkers.near(`weights in ${what}`, weight, 1, 1e-12)
    for (const { region: source, contributionId, payload } of members) {
      const contribution = nameOf(source, contributionId, payload.sha256)
      // One of no samples adds nothing; after a lost disk it may have the id and the zeros of one that had some.
      const samples = this.#offered.get(contribution)?.samples
      if (samples === 0) continue
      const offered = samples === undefined ? contribution : `${contribution}, ${samples} samples`
      this.#checkers.same(`the round that has ${offered}`, `${this.#jobId}: ${offered}`, round)
    }
  }
}

function nameOf(region: string, id: number, sha256: string): string {
  return `contribution ${id} of ${region} (${sha256.slice(0, 12)})`
}

/** A hub that takes over proposes the same again, in its own name. */
function contentOf({ term: _term, hub: _hub, ...content }: Proposal): string {
  const sorted = (_: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  return JSON.stringify(content, sorted)
}

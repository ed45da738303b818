// Which proposal becomes round k: one, everywhere, whoever crashes and however the network splits. This is Raft (Ongaro
// and Ousterhout, 2014) with a log of which only the end is kept: the rounds applied so far and at most one proposal
// accepted beyond them. A region votes once per term, for someone whose end is not behind its own; the region with a
// majority is the hub of that term; what a majority has accepted durably in the hub's term is committed. A new hub
// proposes again what it had accepted, so nothing that may have been committed is ever replaced.
// Nobody stands while a region that it hears follows somebody (Raft's pre-vote), so neither a link that is cut between two
// regions nor a disk that takes long over a vote raises terms for nothing.
// Statuses instead of messages: every rule looks at what the others say now, so loss, repetition and reordering of
// what was said before change nothing. Pure: time comes in as numbers, durability as marks.
import { assert } from '#runtime/assert.ts'
import { isMajority, type Voters } from './majority.ts'
import { electionMs, quietMs, voteMaxMs } from './config.ts'
import { isBehind, type EndOfLog } from './end-of-log.ts'
import type { PeerStatus, Proposal } from './types.ts'

/** What must survive a crash before others may hear of it. */
export type AgreementState = {
  readonly term: number
  readonly votedFor: string
  readonly accepted: Proposal | null
  readonly committedRound: number
  readonly committedTerm: number
  /**
   * The disk with older promises was lost up to this term: whom this region voted for and what it accepted is unknown.
   * Null where nothing was lost, or a round of a later term shows that all of it is over.
   */
  readonly forgottenTerm: number | null
}

/** What a region sees of the others now. */
export type View = Voters & {
  /** The region that asks for votes first; without one, or where that may not vote, the lowest. */
  readonly planned?: string | undefined
  readonly statuses: ReadonlyMap<string, PeerStatus>
  readonly hears: (region: string) => boolean
  readonly nowMs: number
}

export const firstState: AgreementState = {
  term: 0,
  votedFor: '',
  accepted: null,
  committedRound: 0,
  committedTerm: 0,
  forgottenTerm: null,
}

export class Agreement {
  readonly #own: string
  #state: AgreementState
  #durable: AgreementState
  #role: 'follower' | 'candidate' | 'hub' = 'follower'
  #proposed: Proposal | null = null
  #refused: Pick<Proposal, 'term' | 'round'> | null = null
  /** Since when nobody leads or asks for votes, as far as this region knows. */
  #quietSinceMs: number
  /** When it voted, and then when that became durable; a vote of an earlier life has had its time. */
  #votedAtMs = Number.NEGATIVE_INFINITY

  constructor(own: string, state: AgreementState, nowMs: number) {
    this.#own = own
    this.#state = state
    this.#durable = state
    // Whoever was first in line asks at once, so that a job does not begin with a wait; so does who led and restarted.
    this.#quietSinceMs = state.votedFor === own ? Number.NEGATIVE_INFINITY : nowMs - quietMs
  }

  /** As it must be in the next checkpoint. */
  get state(): AgreementState {
    return this.#state
  }

  get isHub(): boolean {
    return this.#role === 'hub'
  }

  get isCandidate(): boolean {
    return this.#role === 'candidate'
  }

  /** As hub: what the others are asked to accept. */
  get proposed(): Proposal | null {
    return this.#proposed
  }

  /** The promises that others may count on: those that no crash takes back. */
  get published(): Pick<PeerStatus, 'term' | 'votedFor' | 'isHub' | 'isCandidate' | 'accepted' | 'proposed'> {
    const { term, votedFor, accepted } = this.#state
    const isVoteDurable = this.#isVoteDurable
    return {
      term,
      votedFor: isVoteDurable ? votedFor : '',
      isHub: this.isHub,
      isCandidate: this.isCandidate && isVoteDurable,
      accepted: isSame(accepted, this.#durable.accepted) ? accepted : null,
      proposed: this.#proposed,
    }
  }

  get isDurable(): boolean {
    return this.#isVoteDurable && isSame(this.#state.accepted, this.#durable.accepted)
  }

  /** A candidate waits for the others from when its vote can be heard. */
  settle(durable: AgreementState, nowMs: number): void {
    const wasVoteDurable = this.#isVoteDurable
    this.#durable = durable
    if (!wasVoteDurable && this.#isVoteDurable) this.#votedAtMs = nowMs
  }

  /**
   * Beside whom nobody needs to stand: the hub, or whom this region is voting for and may still see elected, itself
   * included; empty while there is nobody.
   */
  follows(view: View): string {
    const hub = this.hub(view)
    if (hub !== null) return hub
    const { votedFor } = this.#state
    const isAsking = votedFor === this.#own ? this.isCandidate : view.hears(votedFor)
    return isAsking && view.nowMs < this.#voteEndsAtMs ? votedFor : ''
  }

  /** The region that leads, as this one knows; null while nobody is heard to. */
  hub(view: View): string | null {
    return this.#isRefusing ? null : this.#leader(view)
  }

  #leader({ electorate, statuses, hears }: View): string | null {
    if (this.isHub) return this.#own
    const leads = (region: string): boolean => {
      const status = statuses.get(region)
      return status !== undefined && status.isHub && status.term === this.#state.term && hears(region)
    }
    return electorate.find(leads) ?? null
  }

  /** Draws one consequence of what is seen; false when there is none. */
  advance(view: View): boolean {
    return this.#adoptTerm(view) || this.#vote(view) || this.#lead(view) || this.#stepDown(view) || this.#stand(view)
  }

  /** When `advance` should be called again, or something else be said, though nothing was heard. */
  nextAtMs(view: View): number {
    const times = [this.#quietSinceMs + this.#patienceMs(view), this.#voteEndsAtMs]
    return Math.min(...times.filter((atMs) => atMs > view.nowMs), Number.POSITIVE_INFINITY)
  }

  /** As hub, closes the next round. The caller holds everything that is needed to apply it. */
  propose(proposal: Proposal): void {
    assert(this.isHub, `region ${this.#own} proposes round ${proposal.round} without leading`)
    assert(this.#proposed === null, `region ${this.#own} proposes twice`)
    assert(proposal.term === this.#state.term, `a proposal of term ${proposal.term} in term ${this.#state.term}`)
    this.#proposed = proposal
    this.#accept(proposal)
  }

  /**
   * This region can not use what the hub proposes: it follows that hub no more, until the round or the term is over.
   * Where nobody else follows it either, somebody else is elected, who makes a result of its own.
   */
  refuse({ term, round }: Proposal): void {
    this.#refused = { term, round }
  }

  get #isRefusing(): boolean {
    const { term, committedRound } = this.#state
    return !this.isHub && this.#refused?.term === term && this.#refused.round === committedRound + 1
  }

  /** What the hub asks this region to accept and it has not; null when there is nothing. */
  toAccept(view: View): Proposal | null {
    const hub = this.#leader(view)
    if (hub === null || hub === this.#own) return null
    const proposal = view.statuses.get(hub)?.proposed ?? null
    if (proposal === null || proposal.term !== this.#state.term) return null
    if (proposal.round !== this.#state.committedRound + 1 || isSame(proposal, this.#state.accepted)) return null
    return proposal
  }

  /** False where a later term came in between. The caller holds everything that is needed to apply it. */
  accept(proposal: Proposal): boolean {
    const { term, committedRound } = this.#state
    if (proposal.term !== term || proposal.round !== committedRound + 1 || this.isHub) return false
    this.#accept(proposal)
    return true
  }

  /** What has been decided for the next round, and who is heard to hold it; null while nothing has. */
  toCommit(view: View): { readonly proposal: Proposal; readonly from: string } | null {
    const next = this.#state.committedRound + 1
    for (const region of view.electorate) {
      const known = view.statuses.get(region)?.recent.find(({ round }) => round === next)
      // What was accepted is held here; anything else must be fetched.
      const isHeld = known !== undefined && isSame(known, this.#state.accepted)
      if (known !== undefined && (isHeld || view.hears(region))) return { proposal: known, from: region }
    }
    const proposal = this.#proposed
    if (proposal === null || !isSame(this.published.accepted, proposal)) return null
    const accepted = (region: string): boolean =>
      region === this.#own || isSame(view.statuses.get(region)?.accepted ?? null, proposal)
    return isMajority(view.electorate.filter(accepted), view) ? { proposal, from: this.#own } : null
  }

  /** The proposal has been applied. */
  commit({ round, term }: Proposal): void {
    const { committedRound, accepted, forgottenTerm } = this.#state
    assert(round === committedRound + 1, `round ${round} is committed after round ${committedRound}`)
    const isOver = accepted !== null && accepted.round <= round
    this.#state = {
      ...this.#state,
      committedRound: round,
      committedTerm: term,
      accepted: isOver ? null : accepted,
      forgottenTerm: forgottenTerm !== null && term > forgottenTerm ? null : forgottenTerm,
    }
    if (this.#proposed !== null && this.#proposed.round <= round) this.#proposed = null
  }

  /** A snapshot of a later round was taken over. */
  jump(round: number, term: number): void {
    this.#state = { ...this.#state, committedRound: round, committedTerm: term, accepted: null }
    this.#proposed = null
    if (this.isHub) this.#follow()
  }

  /** Its earlier promises were lost with the disk: it votes in no term in which it may have done so. */
  forget(view: View): void {
    this.#adoptTerm(view)
    const { term } = this.#state
    this.#state = { ...this.#state, votedFor: this.#own, forgottenTerm: term }
    this.#follow()
  }

  #adoptTerm({ electorate, statuses }: View): boolean {
    const newest = electorate.reduce((most, region) => Math.max(most, statuses.get(region)?.term ?? 0), 0)
    if (newest <= this.#state.term) return false
    this.#state = { ...this.#state, term: newest, votedFor: '' }
    this.#follow()
    return true
  }

  #vote(view: View): boolean {
    const { electorate, statuses, hears, nowMs } = view
    if (this.#state.votedFor !== '') return false
    const mayLead = (region: string): boolean => {
      const status = statuses.get(region)
      if (status === undefined || region === this.#own || !hears(region)) return false
      if (!status.isCandidate || status.term !== this.#state.term || isBehind(status, this.#state)) return false
      return this.#isSafe(status, view)
    }
    const candidate = electorate.find(mayLead)
    if (candidate === undefined) return false
    this.#state = { ...this.#state, votedFor: candidate }
    this.#quietSinceMs = nowMs
    this.#votedAtMs = nowMs
    return true
  }

  #lead(view: View): boolean {
    const { electorate, statuses } = view
    if (!this.published.isCandidate) return false
    const { term, accepted } = this.#state
    const votes = electorate.filter((region) => {
      if (region === this.#own) return true
      const status = statuses.get(region)
      return status !== undefined && status.term === term && status.votedFor === this.#own
    })
    if (!isMajority(votes, view)) return false
    this.#role = 'hub'
    if (accepted === null) return true
    // It may have been committed: nothing else can be proposed for its round.
    this.#proposed = { ...accepted, term, hub: this.#own }
    this.#accept(this.#proposed)
    return true
  }

  /** Who hears no majority can commit nothing, and somebody else may. */
  #stepDown(view: View): boolean {
    if (!this.isHub || this.#hearsMajority(view)) return false
    this.#follow()
    this.#quietSinceMs = view.nowMs
    return true
  }

  /**
   * Where this region does not know what it accepted, those who do decide: so many of the others that no majority can
   * have been without them.
   */
  #isSafe(candidate: EndOfLog, { electorate, statuses, hears }: View): boolean {
    if (this.#state.forgottenTerm === null) return true
    const witnesses = electorate.filter((region) => region !== this.#own && hears(region))
    const least = electorate.length - Math.floor(electorate.length / 2)
    const isBehindOne = (region: string): boolean => {
      const status = statuses.get(region)
      return status === undefined || isBehind(candidate, status)
    }
    return witnesses.length >= least && !witnesses.some(isBehindOne)
  }

  #stand(view: View): boolean {
    const { electorate, nowMs } = view
    if (!this.#isSafe(this.#state, view)) return false
    if (this.isHub || !electorate.includes(this.#own)) return false
    if (this.follows(view) !== '' || this.#isSomebodyFollowed(view)) {
      this.#quietSinceMs = nowMs
      return false
    }
    // A disk that does not take the vote of one term takes none of the next.
    if (this.#state.votedFor !== '' && !this.#isVoteDurable) return false
    if (nowMs < this.#quietSinceMs + this.#patienceMs(view) || !this.#couldWin(view)) return false
    this.#state = { ...this.#state, term: this.#state.term + 1, votedFor: this.#own }
    this.#role = 'candidate'
    this.#proposed = null
    this.#quietSinceMs = nowMs
    this.#votedAtMs = nowMs
    return true
  }

  /** As the others say whom this region hears. Who follows this one has a vote on its way, or does not know yet that it restarted. */
  #isSomebodyFollowed({ electorate, statuses, hears }: View): boolean {
    return electorate.some((region) => {
      if (region === this.#own || !hears(region)) return false
      const { follows = '', term = 0 } = statuses.get(region) ?? {}
      if (this.#isRefusing && follows === region && term === this.#state.term) return false
      return follows !== '' && (follows !== this.#own || this.isCandidate)
    })
  }

  get #isVoteDurable(): boolean {
    const { term, votedFor } = this.#state
    return this.#durable.term === term && this.#durable.votedFor === votedFor
  }

  /** Until when the others leave the candidate that has this region's vote the time to be elected. */
  get #voteEndsAtMs(): number {
    return this.#votedAtMs + (this.#isVoteDurable ? quietMs : voteMaxMs)
  }

  #hearsMajority(view: View): boolean {
    const heard = view.electorate.filter((region) => region === this.#own || view.hears(region))
    return isMajority(heard, view)
  }

  /** So many are heard that may vote for this region. */
  #couldWin(view: View): boolean {
    const { electorate, statuses, hears } = view
    const mayVote = electorate.filter((region) => {
      if (region === this.#own) return true
      const status = statuses.get(region)
      return hears(region) && (status === undefined || !isBehind(this.#state, status))
    })
    return isMajority(mayVote, view)
  }

  /**
   * Regions wait for their turn, so that one of them usually has its majority before the next one asks. With every term
   * another one is first, beginning with the one that was planned: one that others refuse their votes would else be in
   * the way of all.
   */
  #patienceMs({ electorate, planned }: View): number {
    const first = Math.max(0, electorate.indexOf(planned ?? '')) + this.#state.term
    const behind = (electorate.indexOf(this.#own) - first) % electorate.length
    return quietMs + (behind < 0 ? behind + electorate.length : behind) * electionMs
  }

  #accept(proposal: Proposal): void {
    this.#state = { ...this.#state, accepted: proposal }
  }

  #follow(): void {
    this.#role = 'follower'
    this.#proposed = null
  }
}

/** Within one term only its hub proposes, and once per round. */
export function isSame(one: Proposal | null, other: Proposal | null): boolean {
  if (one === null || other === null) return one === other
  return one.term === other.term && one.round === other.round
}

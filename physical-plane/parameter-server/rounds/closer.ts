// What the hub of a term does: closes the round when everybody who is expected has contributed, or a quorum has and the
// late have had their grace, and makes the proposal that the others are asked to accept. Where more than two regions
// are in a job the proposal carries the encoded mean, and the hub applies what it sends: the decoded bytes. What that
// encoding loses stays in the hub's own residual, which moves on only if the round is committed.
import { assert, present } from '#runtime/assert.ts'
import type { CodecName } from '#proto/sync/settings.ts'
import type { VectorMemory } from '../replica/memory.ts'
import { inShares, reduce } from '../sync/apply/reduce.ts'
import { createCodec } from '../sync/codec/create-codec.ts'
import { encodeWithFeedback, type Encoded } from '../sync/codec/error-feedback.ts'
import { closingQuorum, isClosing } from '../sync/membership/quorum.ts'
import type { Arrivals } from './arrivals.ts'
import { copyOf } from './bytes.ts'
import type { Exchange } from './offer.ts'
import type { Payloads } from './payloads.ts'
import type { PeersView } from './peers-view.ts'
import type { Cut, SharedParameters } from './shared-parameters.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Contribution, Payload, Proposal, RoundMember, RoundPlan } from './types.ts'

export type OwnOffer = { readonly contribution: Contribution; readonly bytes: Uint8Array } | null

/** Who is in the round that may be closed now, and why the others are not. */
export type Closing = { readonly members: readonly string[]; readonly absent: Readonly<Record<string, string>> }

export type ClosingInput = {
  readonly own: string
  /** Unpruned regions of the job, ascending, and the pruned ones. */
  readonly live: readonly string[]
  readonly pruned: readonly string[]
  readonly peers: PeersView
  readonly arrivals: Arrivals
  readonly ownOffer: Contribution | null
  /** Regions of which the contribution can not be used, and why. */
  readonly refusals: Readonly<Record<string, string>>
  readonly hasDrained: boolean
  readonly isFinal: boolean
  readonly settings: SyncSettings
  readonly nowMs: number
}

/** When a round that has its quorum will be closed without the late; infinity where it waits for more. */
export type ClosingAnswer = { readonly closing: Closing | null; readonly nextAtMs: number }

/** Pure but for what it looks at. */
export function closingOf(input: ClosingInput): ClosingAnswer {
  const { own, live, peers, arrivals, refusals, settings, isFinal, nowMs } = input
  const arrived = live.filter((region) => (region === own ? input.ownOffer !== null : arrivals.get(region) !== null))
  // What can not be used will not arrive: nobody waits for it, not even at the end, and no quorum counts on it.
  const isRefused = (region: string): boolean => !arrived.includes(region) && refusals[region] !== undefined
  const mayStillCome = (region: string): boolean => {
    if (arrived.includes(region)) return true
    if (region === own) return !input.hasDrained
    return peers.hears(region) && peers.statusOf(region)?.hasDrained !== true
  }
  // Who has drained may have steps that no round contains yet: its contribution is on its way or it has none.
  const isOnItsWay = (region: string): boolean =>
    region !== own && peers.hears(region) && (peers.statusOf(region)?.contribution ?? null) !== null
  const usable = live.filter((region) => !isRefused(region))
  const expected = isFinal ? usable : usable.filter((region) => mayStillCome(region) || isOnItsWay(region))
  const missing = expected.filter((region) => !arrived.includes(region))
  // Who has drained and has nothing on its way will never contribute: a quorum can not count on it.
  const isSpent = (region: string): boolean => isRefused(region) || hasDrainedAsSeen(region, input)
  const spent = live.filter((region) => !expected.includes(region) && isSpent(region))
  const quorum = isFinal ? usable.length : closingQuorum(settings.quorum, live.length, live.length - spent.length)
  const graceEndsMs = isFinal ? Number.POSITIVE_INFINITY : arrivals.graceEndsMs(missing, settings)
  const isClosed = arrived.length >= quorum && isClosing({ arrived, expected, quorum, graceEndsMs }, nowMs)
  if (!isClosed) {
    return { closing: null, nextAtMs: arrived.length >= quorum ? graceEndsMs : Number.POSITIVE_INFINITY }
  }
  const absent: Record<string, string> = {}
  for (const region of live) if (!arrived.includes(region)) absent[region] = reasonOf(region, input)
  for (const region of input.pruned) absent[region] = 'pruned: lost for longer than the grace time'
  return { closing: { members: arrived, absent }, nextAtMs: Number.POSITIVE_INFINITY }
}

function hasDrainedAsSeen(region: string, { own, peers, hasDrained }: ClosingInput): boolean {
  return region === own ? hasDrained : peers.statusOf(region)?.hasDrained === true
}

function reasonOf(region: string, input: ClosingInput): string {
  const { own, peers } = input
  const refusal = input.refusals[region]
  if (refusal !== undefined) return refusal
  if (hasDrainedAsSeen(region, input)) return 'has used all its samples'
  if (region === own) return 'late: its own contribution was not ready'
  return peers.hears(region) ? 'late: its contribution had not arrived' : peers.absence(region)
}

export type ProposalInput = {
  readonly own: string
  readonly term: number
  readonly exchange: Exchange
  readonly plan: RoundPlan
  readonly nextPlan: RoundPlan
  readonly cut: Cut
  readonly closing: Closing
  readonly ownOffer: OwnOffer
  /** Two regions exchange directly: each applies the mean itself. */
  readonly isPairwise: boolean
  readonly isLossy: boolean
}

/** What the hub's newest encoding lost, and the result that it belongs to: it counts once that is committed. */
type Next = {
  readonly round: number
  readonly sha256: string
  readonly fragments: number
  readonly fragment: number
  readonly residual: Float32Array
}

export type CloserState = Omit<Next, 'residual'> | null

export class Closer {
  readonly #memory: VectorMemory
  readonly #payloads: Payloads
  readonly #arrivals: Arrivals
  /** Of what the hub sends; zero where it never led. */
  #residual: Float32Array | null = null
  #next: Next | null = null

  constructor(memory: VectorMemory, payloads: Payloads, arrivals: Arrivals) {
    this.#memory = memory
    this.#payloads = payloads
    this.#arrivals = arrivals
  }

  save(): { readonly state: CloserState; readonly vectors: Readonly<Record<string, Float32Array>> } {
    const next = this.#next
    const vectors: Record<string, Float32Array> = {}
    if (this.#residual !== null) vectors['residual'] = this.#residual
    if (next === null) return { state: null, vectors }
    vectors['next-residual'] = next.residual
    const { round, sha256, fragments, fragment } = next
    return { state: { round, sha256, fragments, fragment }, vectors }
  }

  restore(state: CloserState, vectors: Readonly<Record<string, Float32Array>>): void {
    const { residual, 'next-residual': next } = vectors
    if (residual !== undefined) this.#residual = copyOf(this.#memory, residual)
    if (state !== null && next !== undefined) this.#next = { ...state, residual: copyOf(this.#memory, next) }
  }

  /** Null where the round was over before all of it was read. Rejects with `DIVERGED` where the mean is not finite. */
  async propose(input: ProposalInput, shared: SharedParameters, elements: number): Promise<Proposal | null> {
    const { own, term, exchange, nextPlan, closing, ownOffer } = input
    const offers = closing.members.map((region) => {
      const contribution = region === own ? ownOffer?.contribution : this.#arrivals.get(region)?.contribution
      assert(contribution !== undefined, `region ${region} is in the round without a contribution`)
      return { region, contribution }
    })
    const members = inShares(
      offers.map(({ region, contribution: { id, weight, payload, cursor } }) => ({
        region,
        contributionId: id,
        weight,
        payload,
        cursor,
      })),
    )
    const isEncoded = !input.isPairwise && members.length > 0
    const result = isEncoded ? await this.#encodeMean(input, members, shared, elements) : null
    if (isEncoded && result === null) return null
    const { round, fragment, isFinal } = exchange
    const proposal = {
      term,
      round,
      hub: own,
      members,
      absent: closing.absent,
      result: result?.payload ?? null,
      plan: nextPlan,
      isFinal,
      fragment,
    }
    if (this.#next !== null) this.#memory.release(this.#next.residual)
    this.#next = null
    if (result?.residual !== undefined) {
      const { sha256 } = result.payload
      this.#next = { round, sha256, fragments: exchange.fragments, fragment, residual: result.residual }
    }
    return proposal
  }

  /** A round was committed: what the hub's encoding lost counts if it was this hub's. */
  committed({ round, result }: Proposal, shared: SharedParameters): void {
    if (this.#next === null) return
    const { sha256, fragments, fragment, residual } = this.#next
    // In a later term it may have been proposed again, by this hub or another.
    if (this.#next.round === round && result?.sha256 === sha256) {
      shared.scatter(residual, present(this.#residual, 'a residual'), shared.cut(fragments, fragment))
    }
    this.#memory.release(residual)
    this.#next = null
  }

  /** The mean of contributions, which the caller releases; what they are decoded to is released here. */
  async mean(
    members: readonly RoundMember[],
    decodedOf: (member: RoundMember) => Promise<Float32Array>,
    elements: number,
  ): Promise<Float32Array> {
    const decoded = await Promise.allSettled(members.map(decodedOf))
    const values = decoded.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    try {
      const failed = decoded.find((outcome) => outcome.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      return this.#meanOf(members, values, elements)
    } finally {
      for (const vector of values) this.#memory.release(vector)
    }
  }

  #meanOf(members: readonly RoundMember[], values: readonly Float32Array[], elements: number): Float32Array {
    const mean = this.#memory.allocate(elements)
    const weighted = members.map(({ region, weight }, i) => ({ region, weight, values: present(values[i], region) }))
    reduce(this.#memory.kernels, mean, weighted)
    return mean
  }

  async #encodeMean(
    input: ProposalInput,
    members: readonly RoundMember[],
    shared: SharedParameters,
    elements: number,
  ): Promise<{ readonly payload: Payload; readonly residual?: Float32Array } | null> {
    const { exchange, plan, cut, isLossy } = input
    const mean = await this.#meanOfArrived(input, members)
    if (mean === null) return null
    // A plan with an exact codec tells what the plans before it left out.
    const isKept = isLossy && (exchange.codec !== 'fp32' || this.#residual !== null)
    if (isKept) this.#residual ??= this.#memory.allocate(elements)
    const kept = isKept ? shared.gather(this.#residual!, cut) : null
    let encoded: Encoded
    try {
      const codec = createCodec(exchange.codec, { density: plan.density, memory: this.#memory })
      encoded = await encodeWithFeedback(codec, mean, kept, this.#memory)
    } finally {
      this.#memory.release(mean)
      if (kept !== null) this.#memory.release(kept)
    }
    const { bytes, residual, release } = encoded
    const sha256 = await this.#memory.sha256(bytes)
    this.#payloads.keep(exchange.round, sha256, bytes, release)
    const payload = { sha256, bytes: bytes.byteLength, codec: exchange.codec, elements: cut.elements }
    return residual === null ? { payload } : { payload, residual }
  }

  /**
   * What has arrived is given back when the round is over, which may be while the own contribution is decoded: from then
   * on there is no wait before the mean is asked for. Null where something is gone.
   */
  async #meanOfArrived(
    { own, exchange, plan, cut, ownOffer }: ProposalInput,
    members: readonly RoundMember[],
  ): Promise<Float32Array | null> {
    const isOwnIn = members.some(({ region }) => region === own)
    const decoded = isOwnIn ? await this.#decode(exchange.codec, plan.density, ownOffer!.bytes, cut.elements) : null
    try {
      const values = members.flatMap(({ region, contributionId: id, payload }) => {
        if (region === own) return [present(decoded, 'the own contribution')]
        return this.#arrivals.has(region, { id, payload }) ? [this.#arrivals.get(region)!.decoded] : []
      })
      return values.length < members.length ? null : this.#meanOf(members, values, cut.elements)
    } finally {
      if (decoded !== null) this.#memory.release(decoded)
    }
  }

  async #decode(codec: CodecName, density: number, bytes: Uint8Array, elements: number): Promise<Float32Array> {
    const vector = this.#memory.allocate(elements)
    try {
      await createCodec(codec, { density, memory: this.#memory }).decode(bytes, vector)
      return vector
    } catch (error) {
      this.#memory.release(vector)
      throw error
    }
  }
}

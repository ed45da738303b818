// This region's side of a round: when its next contribution is due, the one it offers now, what earlier ones lost by
// encoding, and what becomes of it all once a round is committed. A contribution that a round left out ("late") costs
// nothing when it is carried: the steps behind it are still in the replica, so the next contribution has them in.
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { Parts } from '#proto/sync/strategy.ts'
import { present } from '#runtime/assert.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Replica } from '../replica/replica.ts'
import { merge } from '../sync/apply/merge.ts'
import { fragmentOf } from '../sync/when/fragment-schedule.ts'
import { copyOf } from './bytes.ts'
import type { RoundsHost } from './host.ts'
import { makeContribution, type Pending } from './make-contribution.ts'
import type { Payloads } from './payloads.ts'
import type { Cut, SharedParameters } from './shared-parameters.ts'
import type { Contribution, Proposal, RoundMember, RoundPlan } from './types.ts'
import { tensorOf } from './whole-element.ts'

export type OfferState = {
  readonly steps: number
  readonly samples: number
  /** Samples of this region that are in the shared parameters, by fragment; empty before the first. */
  readonly includedSamples: readonly number[]
  readonly stepsAtLastOffer: number
  readonly nextId: number
  readonly lateCarried: number
  readonly lateDropped: number
  readonly pending:
    | (Omit<Pending, 'cut' | 'sent' | 'residual' | 'bytes' | 'releaseBytes' | 'madeAtMs'> & {
        readonly fragments: number
      })
    | null
}

export const firstOfferState: OfferState = {
  steps: 0,
  samples: 0,
  includedSamples: [],
  stepsAtLastOffer: 0,
  nextId: 1,
  lateCarried: 0,
  lateDropped: 0,
  pending: null,
}

export type OfferParts = {
  readonly settings: SyncSettings
  readonly parts: Parts
  readonly host: RoundsHost
  readonly memory: VectorMemory
  readonly payloads: Payloads
}

type Vectors = Readonly<Record<string, Float32Array>>

/** How the next round exchanges: which part of the model, in which codec. */
export type Exchange = {
  readonly round: number
  readonly fragment: number
  readonly fragments: number
  readonly codec: RoundPlan['codec']
  readonly isFinal: boolean
}

export class Offer {
  readonly #parts: OfferParts
  #state: Omit<OfferState, 'pending'>
  #pending: Pending | null = null
  #fragments = 1
  #isDurable = false
  #isMaking = false
  #residual: Float32Array | null = null

  constructor(parts: OfferParts, state: OfferState) {
    this.#parts = parts
    this.#state = state
  }

  get pending(): Pending | null {
    return this.#pending
  }

  /** Of the next contribution; all earlier ones are known here. */
  get nextId(): number {
    return this.#state.nextId
  }

  get isMaking(): boolean {
    return this.#isMaking
  }

  /** What others may count on: it is in a durable checkpoint. */
  get published(): Contribution | null {
    return this.#isDurable ? (this.#pending?.contribution ?? null) : null
  }

  get late(): { readonly carried: number; readonly dropped: number } {
    return { carried: this.#state.lateCarried, dropped: this.#state.lateDropped }
  }

  stepped(samples: number): void {
    this.#state = { ...this.#state, steps: this.#state.steps + 1, samples: this.#state.samples + samples }
  }

  isDue({ fragment, fragments, isFinal }: Exchange, interval: number): boolean {
    if (this.#pending !== null || this.#isMaking) return false
    const { host, parts } = this.#parts
    if (isFinal) return host.hasDrained && host.isReadyForFinal
    if (parts.membership !== 'rounds') return false
    const unsent = this.#state.samples - included(this.#state, fragments)[fragment]!
    if (host.hasDrained) return unsent > 0
    return unsent > 0 && this.#state.steps - this.#state.stepsAtLastOffer >= interval
  }

  /** Without effect where the round was committed meanwhile. What is not finite fails the partition. */
  async make(
    exchange: Exchange,
    plan: RoundPlan,
    { replica, shared }: { readonly replica: Replica; readonly shared: SharedParameters },
    { nowMs, isOpen }: { readonly nowMs: number; readonly isOpen: () => boolean },
  ): Promise<void> {
    const { settings, parts, host, memory, payloads } = this.#parts
    const { steps, samples, stepsAtLastOffer, nextId } = this.#state
    const cut = shared.cut(exchange.fragments, exchange.fragment)
    const isContinuous = parts.membership === 'rounds'
    // The last round takes all fragments, also those whose turn never came.
    const inShared = included(this.#state, plan.fragments)
    const unsent = samples - (exchange.isFinal ? Math.min(...inShared) : inShared[exchange.fragment]!)
    // Where each change counts in full, it counts as if it had come alone; the last round takes what is left as a mean.
    const isAlike = parts.apply === 'outer-delayed-nesterov' && !exchange.isFinal
    this.#isMaking = true
    try {
      const hasFeedback = isContinuous && parts.codec === 'error-feedback'
      const pending = await makeContribution(
        {
          id: nextId,
          round: exchange.round,
          fragment: exchange.fragment,
          cut,
          plan,
          codec: exchange.codec,
          keep: settings.feedbackDecay,
          what: isContinuous && parts.what === 'delta' ? 'delta' : 'model',
          steps: steps - stepsAtLastOffer,
          samples: unsent,
          weight: isContinuous ? (isAlike ? 1 : unsent) : host.finalMass,
          cursor: host.cursor,
          stepsBefore: steps,
          samplesBefore: samples,
          nowMs,
        },
        { replica, shared, residual: hasFeedback ? this.#residualFor(exchange, replica) : null, memory },
      )
      if (!isOpen()) {
        pending.releaseBytes()
        return release(memory, pending)
      }
      const { sha256 } = pending.contribution.payload
      payloads.keep(exchange.round, sha256, pending.bytes, pending.releaseBytes)
      this.#state = { ...this.#state, nextId: nextId + 1, stepsAtLastOffer: steps }
      // The same content may have been kept before: then ours was given back.
      this.#pending = { ...pending, bytes: present(payloads.get(sha256), 'what is kept') }
      this.#fragments = exchange.fragments
      this.#isDurable = false
      host.requestCheckpoint(0)
    } catch (error) {
      if (!(error instanceof CloudlessError) || error.reason !== 'DIVERGED') throw error
      const tensor = tensorOf(error, cut, replica.layout)
      const where = tensor === null ? '' : ` in tensor ${tensor}`
      host.fail(error.reason, `training diverged${where}: ${messageOf(error)}; lower the learning rate`)
    } finally {
      this.#isMaking = false
    }
  }

  /**
   * The shared parameters are those after the round; `before` is the fragment as it was. Moves the replica along and
   * settles or forgets what was offered. Answers whether it was in.
   */
  committed(
    proposal: Proposal,
    exchange: Exchange,
    cut: Cut,
    before: Float32Array,
    replica: Replica,
    shared: SharedParameters,
  ): boolean {
    const { settings, host, memory } = this.#parts
    const pending = this.#pending
    const member = proposal.members.find(({ region }) => region === host.region)
    const isIn = pending !== null && isOf(pending, member)
    const local = { local: replica.values, shared: shared.values }
    const rebase = { merge: 'rebase', mergeWeight: 0 } as const
    const overwrite = { merge: 'overwrite', mergeWeight: 0 } as const
    if (isIn && pending !== null) {
      // After the last round nothing may be left that only this region has: an update of one that lost its disk, or a step.
      merge(memory.kernels, { ...local, sent: pending.sent }, cut.pieces, exchange.isFinal ? overwrite : settings)
      if (pending.residual !== null) shared.scatter(pending.residual, present(this.#residual, 'a residual'), cut)
      this.#include(exchange, pending.samplesBefore)
    } else if (proposal.isFinal || (pending !== null && settings.late === 'drop')) {
      merge(memory.kernels, { ...local, sent: before }, cut.pieces, overwrite)
      this.#include(exchange, this.#state.samples)
    } else merge(memory.kernels, { ...local, sent: before }, cut.pieces, rebase)
    // Behind the last round there is no other one that could take it along.
    if (pending !== null && !isIn) this.#countLate(pending, proposal.isFinal ? 'drop' : settings.late)
    this.#forget()
    return isIn
  }

  /** A contribution of this region is in the round that this region does not know: it lost its disk meanwhile. */
  isForgotten({ members }: Proposal): boolean {
    const member = members.find(({ region }) => region === this.#parts.host.region)
    return member !== undefined && (this.#pending === null || !isOf(this.#pending, member))
  }

  /** What was learnt since the disk was lost is what the forgotten contribution had already: it makes place for it. */
  replaced(replica: Replica, shared: SharedParameters): void {
    this.#parts.memory.kernels.copy(replica.values, shared.values)
    this.#state = { ...this.#state, samples: 0, includedSamples: [] }
  }

  /** The round was committed without a result: whatever was offered to it is late. */
  missed(): void {
    if (this.#pending !== null) this.#countLate(this.#pending, this.#parts.settings.late)
    this.#forget()
  }

  /** Local steps since the contribution was made. */
  stepsSince({ stepsBefore }: Pending): number {
    return this.#state.steps - stepsBefore
  }

  /**
   * A snapshot takes the place of what is shared; it holds this region's contributions up to `includedId`. What is
   * pending and in it becomes part of `before`, the whole vector that the replica's own progress is counted from; what
   * is not is late. `isKept`: the replica takes its own progress along; otherwise that is gone, and due no more.
   */
  rejoin(includedId: number, before: Float32Array, shared: SharedParameters, isKept: boolean): void {
    const pending = this.#pending
    if (pending !== null && includedId >= pending.contribution.id) {
      shared.scatter(pending.sent, before, pending.cut)
      if (pending.residual !== null)
        shared.scatter(pending.residual, present(this.#residual, 'a residual'), pending.cut)
      const { fragment, samplesBefore } = pending
      this.#include({ fragment, fragments: this.#fragments, isFinal: false }, samplesBefore)
    } else if (pending !== null) this.#countLate(pending, isKept ? 'carry' : 'drop')
    this.#forget()
    const { includedSamples, samples, nextId } = this.#state
    this.#state = {
      ...this.#state,
      includedSamples: isKept ? includedSamples : [samples],
      // Ids go on after those that others have seen, also where the disk was lost.
      nextId: Math.max(nextId, includedId + 1),
    }
  }

  /** The checkpoint that is durable now held the contribution with this id. */
  settle(id: number): boolean {
    if (this.#pending?.contribution.id !== id || this.#isDurable) return false
    this.#isDurable = true
    return true
  }

  save(): { readonly state: OfferState; readonly vectors: Vectors; readonly pendingId: number } {
    const vectors: Record<string, Float32Array> = {}
    if (this.#residual !== null) vectors['residual'] = this.#residual
    const pending = this.#pending
    if (pending === null) return { state: { ...this.#state, pending: null }, vectors, pendingId: 0 }
    const { contribution, fragment, stepsBefore, samplesBefore, sent, residual } = pending
    const plain = { contribution, fragment, stepsBefore, samplesBefore }
    vectors['sent'] = sent
    if (residual !== null) vectors['next-residual'] = residual
    const state = { ...this.#state, pending: { ...plain, fragments: this.#fragments } }
    return { state, vectors, pendingId: plain.contribution.id }
  }

  restore(state: OfferState, vectors: Vectors, replica: Replica, shared: SharedParameters | null, nowMs: number): void {
    const { memory, payloads } = this.#parts
    if (vectors['residual'] !== undefined) memory.kernels.copy(this.#residualOf(replica), vectors['residual'])
    if (state.pending === null || shared === null) return
    const { fragments, ...plain } = state.pending
    const bytes = present(payloads.get(plain.contribution.payload.sha256), 'what was offered')
    const next = vectors['next-residual']
    this.#fragments = fragments
    this.#pending = {
      ...plain,
      cut: shared.cut(fragments, plain.fragment),
      sent: copyOf(memory, present(vectors['sent'], 'what was sent')),
      residual: next === undefined ? null : copyOf(memory, next),
      bytes,
      releaseBytes: () => {},
      madeAtMs: nowMs,
    }
    this.#isDurable = true
  }

  #residualOf(replica: Replica): Float32Array {
    this.#residual ??= this.#parts.memory.allocate(replica.elementCount)
    return this.#residual
  }

  /** An exact codec loses nothing, and takes along what others lost before it. */
  #residualFor({ codec }: Exchange, replica: Replica): Float32Array | null {
    return codec === 'fp32' ? this.#residual : this.#residualOf(replica)
  }

  #include(
    { fragment, fragments, isFinal }: Pick<Exchange, 'fragment' | 'fragments' | 'isFinal'>,
    samples: number,
  ): void {
    const includedSamples = isFinal ? [samples] : included(this.#state, fragments).with(fragment, samples)
    this.#state = { ...this.#state, includedSamples }
  }

  #countLate({ contribution }: Pending, late: SyncSettings['late']): void {
    const { lateCarried, lateDropped, stepsAtLastOffer } = this.#state
    this.#state =
      late === 'drop'
        ? { ...this.#state, lateDropped: lateDropped + 1 }
        : // What it had to say is due again at once.
          { ...this.#state, lateCarried: lateCarried + 1, stepsAtLastOffer: stepsAtLastOffer - contribution.steps }
  }

  #forget(): void {
    const { memory } = this.#parts
    if (this.#pending === null) return
    release(memory, this.#pending)
    this.#pending = null
    this.#isDurable = false
  }
}

/**
 * By fragment, so many of them. Where a plan cuts the model in another number, what is certainly in all of it counts:
 * rather is a sample weighed twice than a change not at all.
 */
function included({ includedSamples }: Pick<OfferState, 'includedSamples'>, fragments: number): readonly number[] {
  if (includedSamples.length === fragments) return includedSamples
  const least = includedSamples.length === 0 ? 0 : Math.min(...includedSamples)
  return Array.from({ length: fragments }, () => least)
}

/** Ids alone do not tell: one may be used again after the disk was lost. */
function isOf({ contribution: { id, payload } }: Pending, member: RoundMember | undefined): boolean {
  return member?.contributionId === id && member.payload.sha256 === payload.sha256
}

function release(memory: VectorMemory, { sent, residual }: Pending): void {
  memory.release(sent)
  if (residual !== null) memory.release(residual)
}

/** The exchange of the round after `committedRound`, under the plan of that round. */
export function nextExchange(plan: RoundPlan, committedRound: number, parts: Parts): Exchange {
  const round = committedRound + 1
  if (!plan.isFinalNext) {
    return {
      round,
      fragment: fragmentOf(round, plan.fragments),
      fragments: plan.fragments,
      codec: plan.codec,
      isFinal: false,
    }
  }
  // A sparse codec would leave most of the last steps behind, where no later round takes them along.
  const isSparse = plan.codec === 'top-k' || plan.codec === 'sparse-loco'
  const isExact = parts.membership !== 'rounds' || parts.what === 'model'
  const codec = isExact ? 'fp32' : isSparse ? 'int8' : plan.codec
  return { round, fragment: 0, fragments: 1, codec, isFinal: true }
}

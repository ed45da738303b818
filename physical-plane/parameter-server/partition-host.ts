// What rounds and the exchange with other regions see of the partition around them: a window on its parts.
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { ChangeSignal } from './change-signal.ts'
import { checkpointAfterReceiptMs } from './config.ts'
import type { Course } from './course.ts'
import type { ExchangeState } from './exchange-state.ts'
import type { ExchangeHost, ExchangeWithPeers } from './exchange-with-peers.ts'
import { decodeCursor } from './lease-cursor.ts'
import { LeaseTable } from './leases.ts'
import type { Members } from './members.ts'
import type { StepMeter } from './meters.ts'
import type { PartitionOptions } from './partition-options.ts'
import type { Records } from './records.ts'
import type { Layout } from './replica/layout.ts'
import type { Replica } from './replica/replica.ts'
import { recordOfRound, recordOfUpdate, type RecordContext } from './round-records.ts'
import type { CommittedRound, RoundsHost } from './rounds/host.ts'
import type { PeersView } from './rounds/peers-view.ts'
import type { StateSnapshot } from './rounds/types.ts'
import type { Draft } from './sync/update.ts'
import type { TrainedModel, Untold } from './trained-model.ts'
import type { UpdateStrategy } from './sync/update-strategy.ts'
import type { WorkerGroup } from './worker-group.ts'

export type PartitionHostParts = {
  readonly options: PartitionOptions
  readonly clock: Clock
  readonly log: Log
  readonly changed: ChangeSignal
  readonly members: Members
  readonly peers: PeersView
  readonly model: TrainedModel
  readonly state: ExchangeState
  readonly course: Course
  readonly group: WorkerGroup
  readonly steps: StepMeter
  readonly records: Records
  readonly exchange: () => ExchangeWithPeers
  readonly requestCheckpoint: (withinMs: number) => void
  readonly advance: () => void
  /** Parameters changed. */
  readonly touched: () => void
  /** Training begins with these first values. */
  readonly begin: (replica: Replica, values: Float32Array) => void
}

export class PartitionHost implements RoundsHost, ExchangeHost {
  readonly region: string
  readonly hasForgotten: boolean
  readonly #parts: PartitionHostParts

  constructor(parts: PartitionHostParts) {
    this.#parts = parts
    this.region = parts.options.region
    this.hasForgotten = parts.options.attempt > 1
  }

  get incarnation(): number {
    return this.#parts.exchange().incarnation
  }

  get changed(): ChangeSignal {
    return this.#parts.changed
  }

  get replica(): Replica | null {
    const { model } = this.#parts
    return model.strategy === null ? null : model.replica
  }

  get layout(): Layout | null {
    return this.#parts.model.replica?.layout ?? null
  }

  get strategy(): UpdateStrategy | null {
    return this.#parts.model.strategy
  }

  get failure(): CloudlessError | null {
    return this.#parts.course.failure
  }

  get hasDrained(): boolean {
    return this.#parts.course.hasDrained
  }

  get hasFinished(): boolean {
    return this.#parts.state.hasEnded
  }

  get isReadyForFinal(): boolean {
    const { members, peers, state } = this.#parts
    return members.peers.every((region) => {
      const status = peers.statusOf(region)
      return status !== null && status.hasDrained && state.versions.of(region) >= status.lastSeq
    })
  }

  get isBehindUpdates(): boolean {
    const { members, peers, state } = this.#parts
    return members.peers.some((region) => {
      const status = peers.statusOf(region)
      return status !== null && status.firstSeq > state.versions.of(region) + 1
    })
  }

  get finalMass(): number {
    return this.#parts.model.strategy?.finalMass ?? 0
  }

  get stepsPerSecond(): number {
    return this.#parts.state.stall.stepsPerSecond
  }

  get cursor(): string {
    return JSON.stringify(this.#parts.group.leases.snapshot())
  }

  requestCheckpoint(withinMs: number): void {
    this.#parts.requestCheckpoint(withinMs)
  }

  advance(): void {
    this.#parts.advance()
  }

  touched(): void {
    this.#parts.touched()
  }

  fail(reason: string, text: string): void {
    this.#parts.course.fail(reason, text)
  }

  refused(region: string, reason: string, text: string): void {
    this.#parts.exchange().refused(region, reason, text)
  }

  begin(layout: Layout, values: Float32Array, whose: string): void {
    const { model, course, begin } = this.#parts
    try {
      begin(model.adopt(layout, whose), values)
    } catch (error) {
      course.fail('LAYOUT_DIFFERS', messageOf(error))
      throw error
    }
  }

  sealed(draft: Draft): void {
    this.#parts.records.add(recordOfUpdate(draft, this.#recordContext()))
  }

  committed(round: CommittedRound): void {
    const { records, changed, requestCheckpoint, touched } = this.#parts
    touched()
    const context = this.#recordContext()
    void round.stateHash.then((hash) => {
      if (round.proposal.members.length > 0) records.add(recordOfRound(round, hash, context))
      requestCheckpoint(checkpointAfterReceiptMs)
      changed.notify()
    })
  }

  resume(cursor: string): void {
    const { group, options } = this.#parts
    const problem = this.cursorProblem(cursor)
    if (problem !== null)
      return this.fail('CURSOR_INVALID', `region ${this.region} can not go on in its data: ${problem}`)
    const told = decodeCursor(cursor, options)
    // Ids of leases that are out are not given again.
    const nextLeaseId = Math.max(told.nextLeaseId, group.leases.snapshot().nextLeaseId)
    group.resume(LeaseTable.restore(options, { ...told, nextLeaseId }))
  }

  cursorProblem(cursor: string): string | null {
    try {
      decodeCursor(cursor, this.#parts.options)
      return null
    } catch (error) {
      if (error instanceof CloudlessError && error.kind === 'invalid') return error.message
      throw error
    }
  }

  versions(): Readonly<Record<string, number>> {
    const { versions, outbox } = this.#parts.state
    return { ...versions.entries(), [this.region]: outbox.durableSeq }
  }

  giveUpMissed(): void {
    const { members, peers, state } = this.#parts
    for (const region of members.peers) {
      const first = peers.statusOf(region)?.firstSeq ?? 0
      const applied = state.versions.of(region)
      if (first <= applied + 1) continue
      const text = `updates ${applied + 1} to ${first - 1} of region ${region} are lost with another region's disk`
      this.refused(region, 'UPDATES_LOST', text)
      state.versions.advanceTo(region, first - 1)
    }
    this.touched()
    this.requestCheckpoint(0)
  }

  needed(): Readonly<Record<string, number>> {
    return this.#parts.state.needed
  }

  cursors(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#parts.state.cursors)
  }

  replicaFor({ layout }: StateSnapshot): Replica {
    return this.#parts.model.adopt(layout, 'a snapshot')
  }

  shareable(): Float32Array | null {
    const { exchange, model, state } = this.#parts
    return exchange().isSealing || state.outbox.isDirty ? null : model.shareable()
  }

  async untoldSince(snapshot: StateSnapshot, signal: AbortSignal): Promise<readonly Untold[]> {
    const { changed, exchange, model } = this.#parts
    // Nothing more is sealed until the snapshot is taken.
    while (exchange().isSealing) await changed.wait(signal)
    return model.untoldSince(snapshot)
  }

  adopted(
    { round, versions, cursors, layout }: StateSnapshot,
    parameters: Float32Array,
    untold: readonly Untold[],
  ): void {
    const { model, course, state, touched, log } = this.#parts
    const own = versions[this.region] ?? 0
    if (model.strategy === null) {
      const cursor = cursors[this.region]
      if (cursor !== undefined) this.resume(cursor)
      const replica = model.adopt(layout, 'a snapshot')
      course.begin({ replica, strategy: model.begin(replica, parameters) })
    } else model.rejoin(parameters, untold)
    state.outbox.continueAfter(own)
    for (const [region, seq] of Object.entries(versions)) {
      if (region !== this.region) state.versions.advanceTo(region, seq)
    }
    touched()
    log.info({ round, versions }, 'partition took a snapshot of another region over')
  }

  #recordContext(): RecordContext {
    const { clock, group, members, peers, state, steps } = this.#parts
    const { samplesDone, samplesTotal } = group.leases
    const { receipts, deliverySeconds } = state.rounds
    return {
      members,
      peers,
      receipts,
      deliverySeconds,
      traffic: state.rounds.close(clock.monotonicMs(), state.stall.stallSeconds),
      atMs: clock.now(),
      loss: steps.counts.loss,
      fraction: samplesTotal === 0 ? 0 : samplesDone / samplesTotal,
    }
  }
}

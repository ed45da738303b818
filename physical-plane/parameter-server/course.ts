// The way of a partition through its phases: what follows from the state, step by step, as soon as it can.
//   starting -> training -> draining -> evaluating -> finished, or failed
// Draining: own samples are used (or the control plane asks to finish); what is accumulated is flushed and DRAINED said.
// Once every live region has drained and all their updates are applied, all exchange their models (FINAL) and take the
// same average. Limit: a region that is pruned while models of the final round are under way may be in some averages and
// not in others; the hashes that regions report then differ, so it is seen.
import { assert } from '#runtime/assert.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { checkpointRetryMs } from './config.ts'
import type { ExchangeState } from './exchange-state.ts'
import type { Members } from './members.ts'
import { sha256Of } from './outbox.ts'
import type { PartitionLinks, PartitionOptions } from './partition-options.ts'
import type { PartitionState } from './partition-state.ts'
import type { Records } from './records.ts'
import type { Replica } from './replica/replica.ts'
import type { SyncStrategy } from './sync/strategy.ts'
import { draftOf, type Draft } from './sync/update.ts'
import type { Phase, WorkerGroup } from './worker-group.ts'

export type CourseParts = {
  readonly options: Pick<PartitionOptions, 'region' | 'hasHoldout'>
  readonly links: Omit<PartitionLinks, 'checkpoints'>
  readonly members: Members
  readonly exchange: ExchangeState
  readonly records: Records
  readonly group: () => WorkerGroup
  /** The state must be durable soon. */
  readonly requestCheckpoint: (withinMs: number) => void
  /** Something changed outside a call of `advanceOnce`. */
  readonly onChange: () => void
}

export class Course {
  readonly #parts: CourseParts
  #training: { readonly replica: Replica; readonly strategy: SyncStrategy } | null = null
  #phase: Phase = 'starting'
  #failure: CloudlessError | null = null
  #isDrainRequested = false
  #modelHash = ''
  #modelPath = ''
  #isPublishing = false

  constructor(parts: CourseParts) {
    this.#parts = parts
  }

  get phase(): Phase {
    return this.#phase
  }

  get failure(): CloudlessError | null {
    return this.#failure
  }

  get isDrainRequested(): boolean {
    return this.#isDrainRequested
  }

  /** sha256 of the final model; empty before. */
  get modelHash(): string {
    return this.#modelHash
  }

  /** The file with the final model; empty before. Every region writes it: any of them may be asked to upload it. */
  get modelPath(): string {
    return this.#modelPath
  }

  begin(replica: Replica, strategy: SyncStrategy): void {
    assert(this.#phase === 'starting', `training begins in phase ${this.#phase}`)
    this.#training = { replica, strategy }
    this.#enter('training')
  }

  restore(
    state: PartitionState,
    training: { readonly replica: Replica; readonly strategy: SyncStrategy } | null,
  ): void {
    this.#isDrainRequested = state.isDrainRequested
    if (training === null) return
    this.#training = training
    this.#modelHash = state.modelHash
    // The file of a finished partition is written again, in case it was lost with the process.
    this.#phase = state.phase === 'finished' ? 'evaluating' : state.phase
  }

  requestDrain(): void {
    if (this.#isDrainRequested) return
    this.#isDrainRequested = true
    this.#parts.links.log.info({}, 'asked to finish: no more steps')
    this.#parts.requestCheckpoint(0)
  }

  fail(reason: string, text: string): void {
    this.#parts.links.log.error({ reason }, text)
    const { region } = this.#parts.options
    this.#failure ??= new CloudlessError('conflict', reason, text, { metadata: { region } })
    this.#phase = 'failed'
  }

  seal(draft: Draft): void {
    const { options, links, exchange, requestCheckpoint } = this.#parts
    if (!links.memory.kernels.allFinite(draft.payload)) {
      const text = `training diverged in region ${options.region}: its ${draft.kind} holds NaN or infinity; lower the learning rate`
      return this.fail('DIVERGED', text)
    }
    exchange.outbox.seal(draft)
    requestCheckpoint(0)
  }

  /** Draws one consequence of the state, if there is one that can be drawn now. */
  advanceOnce(): boolean {
    const training = this.#training
    if (training === null || this.#failure !== null) return false
    const { replica, strategy } = training
    const group = this.#parts.group()
    switch (this.#phase) {
      case 'training':
        if (this.#closeRound(replica, strategy) || this.#sealIfDue(strategy, false)) return true
        if (!group.leases.isDone && !this.#isDrainRequested) return false
        this.#enter('draining')
        return true
      case 'draining':
        if (this.#closeRound(replica, strategy) || this.#sealIfDue(strategy, true)) return true
        return this.#drain(replica, strategy)
      case 'evaluating':
        if (this.#parts.options.hasHoldout && !group.evaluations.isFinalDone) return false
        return this.#finish(replica)
      case 'starting':
      case 'finished':
      case 'failed':
    }
    return false
  }

  #closeRound(replica: Replica, strategy: SyncStrategy): boolean {
    const closed = this.#parts.members.isAlone ? null : strategy.closeRound()
    if (closed === null) return false
    this.#recordRound(closed.members, sha256Of(replica.values))
    return true
  }

  #sealIfDue(strategy: SyncStrategy, isLast: boolean): boolean {
    if (this.#parts.members.isAlone || !strategy.isDue(isLast) || !this.#parts.exchange.hasRoom) return false
    const draft = strategy.seal()
    this.seal(draft)
    // A model's round is recorded when it closes.
    if (draft.kind !== 'model') this.#recordRound([this.#parts.options.region], '')
    return true
  }

  #drain(replica: Replica, strategy: SyncStrategy): boolean {
    const { members, exchange, options, links } = this.#parts
    const { finals } = exchange
    const { live, isAlone } = members
    if (!isAlone && strategy.isDue(true)) return false
    if (!members.hasDrained(options.region)) {
      members.drain(options.region)
      if (!isAlone) this.seal(draftOf('drained', 0))
      return true
    }
    if (!live.every((region) => members.hasDrained(region))) return false
    if (!finals.has(options.region)) {
      const payload = replica.values.slice()
      const mass = strategy.finalMass
      finals.add(options.region, { mass, values: payload })
      if (!isAlone) this.seal({ ...draftOf('final', 0), mass, payload })
      return true
    }
    if (!live.every((region) => finals.has(region))) return false
    const counted = finals.average(replica.values, live, links.memory.kernels)
    this.#modelHash = sha256Of(replica.values)
    this.#recordRound(counted, this.#modelHash)
    this.#enter('evaluating')
    return true
  }

  #finish(replica: Replica): boolean {
    if (this.#modelPath !== '') {
      this.#enter('finished')
      return true
    }
    if (!this.#isPublishing) void this.#publish(replica)
    return false
  }

  async #publish({ layout, values }: Replica): Promise<void> {
    const { links, onChange } = this.#parts
    this.#isPublishing = true
    while (this.#modelPath === '') {
      try {
        this.#modelPath = await links.publishModel(layout, values)
      } catch (error) {
        links.log.error({ error: messageOf(error) }, 'the model could not be written; trying again')
        await links.clock.sleep(checkpointRetryMs)
      }
    }
    this.#isPublishing = false
    onChange()
  }

  #enter(phase: Phase): void {
    this.#parts.links.log.info({ from: this.#phase, to: phase }, `partition is ${phase}`)
    this.#phase = phase
    this.#parts.requestCheckpoint(0)
  }

  #recordRound(members: readonly string[], replicaHash: string): void {
    const { links, exchange, records } = this.#parts
    records.add(exchange.rounds.close(members, replicaHash, links.clock.now(), links.clock.monotonicMs()))
  }
}

// The way of a partition through its phases: what follows from the state, step by step, as soon as it can.
//   starting -> training -> draining -> evaluating -> finished, or failed
// Draining: own samples are used, or the control plane asks to finish; what is accumulated is told. Once all live regions
// have drained, the last round makes every replica the same.
import { assert } from '#runtime/assert.ts'
import type { Timer } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { checkpointRetryMs, evaluatorAbsentMs } from './config.ts'
import type { ExchangeState } from './exchange-state.ts'
import type { ExchangeWithPeers } from './exchange-with-peers.ts'
import type { Members } from './members.ts'
import type { PartitionLinks, PartitionOptions } from './partition-options.ts'
import type { PartitionState } from './partition-state.ts'
import type { Replica } from './replica/replica.ts'
import type { Rounds } from './rounds/rounds.ts'
import type { UpdateStrategy } from './sync/update-strategy.ts'
import type { Phase, WorkerGroup } from './worker-group.ts'

export type CourseParts = {
  readonly options: Pick<PartitionOptions, 'region' | 'hasHoldout'>
  readonly links: Omit<PartitionLinks, 'checkpoints'>
  readonly members: Members
  readonly state: ExchangeState
  readonly rounds: () => Rounds
  readonly exchange: () => ExchangeWithPeers
  readonly group: () => WorkerGroup
  /** The state must be durable soon. */
  readonly requestCheckpoint: (withinMs: number) => void
  /** Something changed outside a call of `advanceOnce`. */
  readonly onChange: () => void
}

type Training = { readonly replica: Replica; readonly strategy: UpdateStrategy }

export class Course {
  readonly #parts: CourseParts
  #training: Training | null = null
  #phase: Phase = 'starting'
  #failure: CloudlessError | null = null
  #isDrainRequested = false
  #modelHash = ''
  /** Since when there is no worker, while one is needed. */
  #alone: { readonly sinceMs: number; readonly timer: Timer } | null = null
  #modelPath = ''
  #isBusy = false

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

  /** No local step will follow, and what the steps were was told, durably. */
  get hasDrained(): boolean {
    if (this.#phase === 'evaluating' || this.#phase === 'finished') return true
    if (this.#phase !== 'draining' || this.#training === null) return false
    const { state, exchange } = this.#parts
    return !this.#training.strategy.isDue(true) && !exchange().isSealing && !state.outbox.isDirty
  }

  /** sha256 of the final model; empty before. */
  get modelHash(): string {
    return this.#modelHash
  }

  /** The file with the final model; empty before. Every region writes it: any of them may be asked to upload it. */
  get modelPath(): string {
    return this.#modelPath
  }

  begin(training: Training): void {
    assert(this.#phase === 'starting', `training begins in phase ${this.#phase}`)
    this.#training = training
    this.#enter('training')
  }

  restore(state: PartitionState, training: Training | null): void {
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
    this.#parts.onChange()
  }

  /** Draws one consequence of the state, if there is one that can be drawn now. */
  advanceOnce(): boolean {
    const training = this.#training
    if (training === null || this.#failure !== null) return false
    const group = this.#parts.group()
    switch (this.#phase) {
      case 'training':
        this.#parts.exchange().sealIfDue(false)
        // A snapshot of those who have finished may come while there are samples left.
        if (!group.leases.isDone && !this.#isDrainRequested && !this.#parts.rounds().isFinished) return false
        this.#enter('draining')
        return true
      case 'draining':
        // A disk was lost, and with it what the samples were used for.
        if (!group.leases.isDone && !this.#isDrainRequested && !this.#parts.rounds().isFinished) {
          this.#enter('training')
          return true
        }
        this.#parts.exchange().sealIfDue(true)
        if (this.#modelHash === '') {
          this.#concludeRounds(training.replica)
          return false
        }
        this.#enter('evaluating')
        return true
      case 'evaluating':
        if (this.#parts.options.hasHoldout && !group.evaluations.isFinalDone && !this.#isWithoutEvaluator) return false
        return this.#finish(training.replica)
      case 'starting':
      case 'finished':
      case 'failed':
    }
    return false
  }

  /** Nobody has been here for long who could evaluate: who lost its disk after the end finds its workers gone. */
  get #isWithoutEvaluator(): boolean {
    const { clock, log } = this.#parts.links
    if (this.#parts.group().count > 0) {
      this.#alone?.timer.cancel()
      this.#alone = null
      return false
    }
    const nowMs = clock.monotonicMs()
    this.#alone ??= { sinceMs: nowMs, timer: clock.after(evaluatorAbsentMs, this.#parts.onChange) }
    const isOver = nowMs - this.#alone.sinceMs >= evaluatorAbsentMs
    if (isOver) log.warn({ evaluatorAbsentMs }, 'no worker came to evaluate the final model')
    return isOver
  }

  /** The model is what all regions agreed on, or this one's where it is alone. */
  #concludeRounds(replica: Replica): void {
    const { members, rounds, links } = this.#parts
    if (!members.isAlone && !rounds().isFinished) return
    this.#whileBusy(async () => {
      const hash = await links.memory.sha256(replica.values)
      this.#modelHash = hash
    })
  }

  #finish(replica: Replica): boolean {
    if (this.#modelPath !== '') {
      this.#enter('finished')
      return true
    }
    this.#whileBusy(() => this.#publish(replica))
    return false
  }

  async #publish({ layout, values }: Replica): Promise<void> {
    const { links } = this.#parts
    while (this.#modelPath === '') {
      try {
        await links.memory.settled()
        this.#modelPath = await links.publishModel(layout, values)
      } catch (error) {
        links.log.error({ error: messageOf(error) }, 'the model could not be written; trying again')
        await links.clock.sleep(checkpointRetryMs)
      }
    }
  }

  /** One thing at a time that takes a moment. */
  #whileBusy(work: () => Promise<void>): void {
    if (this.#isBusy) return
    this.#isBusy = true
    void work().finally(() => {
      this.#isBusy = false
      this.#parts.onChange()
    })
  }

  #enter(phase: Phase): void {
    this.#parts.links.log.info({ from: this.#phase, to: phase }, `partition is ${phase}`)
    this.#phase = phase
    this.#parts.requestCheckpoint(0)
  }
}

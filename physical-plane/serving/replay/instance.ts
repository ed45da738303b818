// One instance in a replay: what it has of its GPU, the batch that it works on, and what it has been billed for. A batch that is
// under way when its quota changes goes on at its new speed, from where it is.
import { assert } from '#runtime/assert.ts'
import type { Shape } from '../scaling/autoscaler.ts'
import type { Sequence } from './generation.ts'
import { smOf, type Seat } from './gpu-rows.ts'

export type Batch = {
  /** Of the function's requests, those that are answered when it is done. */
  readonly requests: readonly number[]
  /** Milliseconds that the whole of it takes at this quota. */
  readonly durationAt: (quotaMilli: number) => number
}

export class ReplayInstance {
  readonly id: string
  readonly bornAtMs: number
  readonly readyAtMs: number
  /** It takes nothing more and goes when its batch is done. */
  isLeaving = false
  /** Grows with every change of when its batch is done: an event of an older one counts no more. */
  version = 0
  batchesEnded = 0
  /** Who is answered token by token and has yet to get some after the step that is under way. */
  held: readonly Sequence[] = []
  shape: Shape
  seat: Seat<ReplayInstance>
  #batch: Batch | null = null
  #leftShare = 0
  #quotaMilli = 0
  #sinceMs: number
  readonly #billUntilMs: number
  /** Thousandths of multiprocessors times thousandths of time, times milliseconds. */
  #billed = 0
  #guaranteed = 0

  constructor(
    id: string,
    shape: Shape,
    times: { readonly bornAtMs: number; readonly readyAtMs: number; readonly billUntilMs: number },
    takeSeat: (self: ReplayInstance) => Seat<ReplayInstance>,
  ) {
    this.id = id
    this.shape = shape
    this.bornAtMs = times.bornAtMs
    this.readyAtMs = times.readyAtMs
    this.#sinceMs = times.bornAtMs
    this.#billUntilMs = times.billUntilMs
    this.seat = takeSeat(this)
  }

  get batch(): Batch | null {
    return this.#batch
  }

  get isBusy(): boolean {
    return this.#batch !== null
  }

  isReady(nowMs: number): boolean {
    return nowMs >= this.readyAtMs && !this.isLeaving
  }

  begin(batch: Batch, nowMs: number): void {
    assert(this.#batch === null, 'an instance works on one batch at a time')
    this.#advance(nowMs)
    this.#batch = batch
    this.#leftShare = 1
    this.#quotaMilli = 0
  }

  /** When its batch will be done with that quota; null where it was known already. */
  work(quotaMilli: number, nowMs: number): number | null {
    assert(this.#batch !== null, 'only who has a batch works')
    if (quotaMilli === this.#quotaMilli) return null
    this.#advance(nowMs)
    this.#quotaMilli = quotaMilli
    this.version += 1
    return nowMs + this.#leftShare * this.#batch.durationAt(quotaMilli)
  }

  end(nowMs: number): Batch {
    const batch = this.#batch
    assert(batch !== null, 'only who has a batch ends one')
    this.#advance(nowMs)
    this.#batch = null
    this.#quotaMilli = 0
    this.batchesEnded += 1
    return batch
  }

  reshape(shape: Shape, seat: Seat<ReplayInstance>, nowMs: number): void {
    this.#advance(nowMs)
    this.shape = shape
    this.seat = seat
    // Multiprocessors may be others now: whatever quota comes, the time has to be told anew.
    if (this.#batch !== null) this.#quotaMilli = 0
  }

  /** Shares of a GPU times seconds: what is guaranteed, or what is used where that is more. */
  billed(nowMs: number): { readonly gpuSeconds: number; readonly guaranteedGpuSeconds: number } {
    this.#advance(nowMs)
    return { gpuSeconds: this.#billed / 1e9, guaranteedGpuSeconds: this.#guaranteed / 1e9 }
  }

  #advance(nowMs: number): void {
    const { requestMilli } = this.shape
    const billableMs = Math.max(0, Math.min(nowMs, this.#billUntilMs) - Math.min(this.#sinceMs, this.#billUntilMs))
    const smMilli = smOf(this.shape)
    this.#billed += smMilli * Math.max(requestMilli, this.#quotaMilli) * billableMs
    this.#guaranteed += smMilli * requestMilli * billableMs
    if (this.#batch !== null && this.#quotaMilli > 0) {
      const done = (nowMs - this.#sinceMs) / this.#batch.durationAt(this.#quotaMilli)
      this.#leftShare = Math.max(0, this.#leftShare - done)
    }
    this.#sinceMs = nowMs
  }
}

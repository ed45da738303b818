// How stale a peer's update is: the local steps made here since the update of ours that the peer had applied when it
// began to accumulate. Only the newest seals are remembered; something older counts as old as the oldest of them.
import { sealsRemembered } from './config.ts'

type Saved = { readonly steps: number; readonly sealedAt: readonly (readonly [number, number])[] }

export class StalenessClock {
  #steps = 0
  /** Our update's number, and our steps when it was sealed, ascending. */
  #sealedAt: (readonly [number, number])[] = []

  stepped(): void {
    this.#steps += 1
  }

  sealed(seq: number): void {
    this.#sealedAt = [...this.#sealedAt, [seq, this.#steps] as const].slice(-sealsRemembered)
  }

  /** Steps since our update `seq` was sealed, or since the beginning where there is none before. */
  stepsSince(seq: number): number {
    const known = this.#sealedAt.findLast(([sealed]) => sealed <= seq) ?? this.#sealedAt[0]
    return this.#steps - (known?.[1] ?? 0)
  }

  save(): Saved {
    return { steps: this.#steps, sealedAt: this.#sealedAt }
  }

  restore(saved: unknown): void {
    const { steps, sealedAt } = saved as Saved
    this.#steps = steps
    this.#sealedAt = [...sealedAt]
  }
}

// When requests are to be sent: worked out ahead and never changed by how long answers take, so that a slow server is not asked less
// (open loop). Pure: chance is an argument.
import type { Random } from '#runtime/random.ts'

export type LoadShape = {
  /** Requests per second, second by second; begun anew at its end. */
  readonly rates: readonly number[]
  /** As people come, each for himself, at those rates; evenly apart otherwise. */
  readonly isPoisson: boolean
}

/** Milliseconds from the beginning, in ascending order, before `forMs`. */
export function* arrivals({ rates, isPoisson }: LoadShape, forMs: number, random: Random): Generator<number, void> {
  // Requests that the rates add up to until now, and how many it takes for the next one to come.
  let expected = 0
  let next = isPoisson ? exponential(random) : 0
  for (let second = 0; second * 1000 < forMs; second++) {
    const rate = rates[second % rates.length]!
    const after = expected + rate
    // Without a rate there is none between the two.
    while (next < after) {
      const atMs = (second + (next - expected) / rate) * 1000
      if (atMs >= forMs) return
      yield atMs
      next += isPoisson ? exponential(random) : 1
    }
    expected = after
  }
}

/** With a mean of 1; above 0. */
function exponential(random: Random): number {
  return -Math.log(1 - random.next())
}

// Draws from distributions, and streams of chance of their own for each part of a simulation, so that one part's draws do
// not shift another's: two policies then meet the very same arrivals, losses and delays.
import { createHash } from 'node:crypto'
import { seededRandom, type Random } from '#runtime/random.ts'

export function streamOf(seed: number, ...names: readonly string[]): Random {
  const digest = createHash('sha256')
    .update(`${seed} ${names.join(' ')}`)
    .digest()
  return seededRandom(digest.readUIntLE(0, 6))
}

/** Seconds to the next of events that come so often; infinite for a rate of 0. */
export function exponential(random: Random, perSecond: number): number {
  return perSecond > 0 ? -Math.log(1 - random.next()) / perSecond : Number.POSITIVE_INFINITY
}

export function logUniform(random: Random, [least, greatest]: readonly [number, number]): number {
  const drawn = random.next()
  return least <= 0 ? least + drawn * (greatest - least) : least * (greatest / least) ** drawn
}

/** Whole numbers, each as likely. */
export function wholeIn(random: Random, [least, greatest]: readonly [number, number]): number {
  return least + random.integer(greatest - least + 1)
}

/** Median 1; one in six is larger than `spread`, and one in six smaller than 1 / spread. */
export function logNormal(random: Random, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  return spread ** normal
}

/** In proportion to weights. */
export function weighted<T extends { readonly weight: number }>(random: Random, values: readonly T[]): T {
  const total = values.reduce((sum, { weight }) => sum + weight, 0)
  let left = random.next() * total
  for (const value of values) {
    left -= value.weight
    if (left < 0) return value
  }
  return values.at(-1)!
}

/** So many different ones, in the order of the list. */
export function several<T>(random: Random, values: readonly T[], count: number): readonly T[] {
  const left = values.map((value, at) => ({ value, at }))
  const taken: typeof left = []
  while (taken.length < count && left.length > 0) taken.push(...left.splice(random.integer(left.length), 1))
  return taken.sort((a, b) => a.at - b.at).map(({ value }) => value)
}

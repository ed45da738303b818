// Latencies of any number of requests in fixed memory: buckets that are 1 % wide, as HdrHistogram has them. Percentiles are the upper
// ends of their buckets, so at most 1 % too high and never too low.

const leastMs = 0.01
const width = Math.log(1.01)
/** Up to almost three hours; what takes longer counts there. */
const bucketCount = Math.ceil(Math.log(1e7 / leastMs) / width)

export type Bucket = { readonly toMs: number; readonly count: number }

export class LatencyHistogram {
  readonly #counts = new Float64Array(bucketCount)
  #count = 0
  #sumMs = 0
  #maxMs = 0

  add(ms: number): void {
    const at = ms <= leastMs ? 0 : Math.min(bucketCount - 1, Math.ceil(Math.log(ms / leastMs) / width))
    this.#counts[at]! += 1
    this.#count += 1
    this.#sumMs += ms
    this.#maxMs = Math.max(this.#maxMs, ms)
  }

  get count(): number {
    return this.#count
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count
  }

  get maxMs(): number {
    return this.#maxMs
  }

  /** So many percent took at most so long; 0 without any. */
  percentile(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent / 100) * this.#count))
    let seen = 0
    for (const [at, count] of this.#counts.entries()) {
      seen += count
      if (seen >= rank) return Math.min(this.#maxMs, upperEnd(at))
    }
    return 0
  }

  /** Joined to `perDecade` wide ones a factor of ten, without empty ones at either end. */
  buckets(perDecade: number): readonly Bucket[] {
    const joined = new Map<number, number>()
    for (const [at, count] of this.#counts.entries()) {
      if (count === 0) continue
      const wide = Math.ceil(Math.log10(upperEnd(at)) * perDecade - 1e-9)
      joined.set(wide, (joined.get(wide) ?? 0) + count)
    }
    if (joined.size === 0) return []
    const [first, last] = [Math.min(...joined.keys()), Math.max(...joined.keys())]
    return Array.from({ length: last - first + 1 }, (_, i) => {
      return { toMs: 10 ** ((first + i) / perDecade), count: joined.get(first + i) ?? 0 }
    })
  }
}

function upperEnd(at: number): number {
  return leastMs * Math.exp(at * width)
}

// Latencies counted in buckets of equal ratio (the idea of HdrHistogram): 16 to an octave, so that a percentile is right within 2.2 %,
// from 50 microseconds to ten minutes, in 1.5 KiB and a few nanoseconds an entry. prom-client's histograms give no percentiles.

const leastMs = 0.05
const perOctave = 16
const octaves = 24
const size = perOctave * octaves + 1

export class LatencyHistogram {
  readonly #counts = new Uint32Array(size)
  #total = 0
  #maxMs = 0

  get total(): number {
    return this.#total
  }
  get maxMs(): number {
    return this.#maxMs
  }

  add(ms: number): void {
    this.#counts[bucketOf(ms)]! += 1
    this.#total += 1
    if (ms > this.#maxMs) this.#maxMs = ms
  }

  addAll(other: LatencyHistogram): void {
    if (other.#total === 0) return
    for (let at = 0; at < size; at += 1) this.#counts[at]! += other.#counts[at]!
    this.#total += other.#total
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs)
  }

  clear(): void {
    if (this.#total === 0) return
    this.#counts.fill(0)
    this.#total = 0
    this.#maxMs = 0
  }

  /** The latency that `percentile` percent of all did not pass; 0 without any. */
  percentileMs(percentile: number): number {
    if (this.#total === 0) return 0
    const rank = Math.max(1, Math.ceil((this.#total * percentile) / 100))
    let seen = 0
    for (let at = 0; at < size; at += 1) {
      seen += this.#counts[at]!
      if (seen >= rank) return Math.min(this.#maxMs, middleMs(at))
    }
    return this.#maxMs
  }
}

function bucketOf(ms: number): number {
  if (!(ms > leastMs)) return 0
  return Math.min(size - 1, 1 + Math.floor(Math.log2(ms / leastMs) * perOctave))
}

function middleMs(bucket: number): number {
  return bucket === 0 ? leastMs : leastMs * 2 ** ((bucket - 0.5) / perOctave)
}

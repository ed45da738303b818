// Makes probes and keeps what they answered, so that no configuration is set up twice for two questions. What a `Measure` answers
// comes from a program under test: it is checked here, and each error names the probe.
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { keyOf } from './grid.ts'
import type { Configuration, Measure, Measurement } from './measure.ts'
import { probeFailed } from './probe-error.ts'

export type Probe = { readonly configuration: Configuration; readonly measurement: Measurement | null }

export type ProbesOptions = {
  readonly measure: Measure
  readonly signal?: AbortSignal
  /** Told of each probe once it is made; the second is how many were made. */
  readonly onProbe?: (probe: Probe, made: number) => void
}

export class Probes {
  readonly #options: ProbesOptions
  readonly #signal: AbortSignal
  readonly #samples = new Map<string, { readonly configuration: Configuration; readonly of: (Measurement | null)[] }>()
  #made = 0

  constructor(options: ProbesOptions) {
    this.#options = options
    this.#signal = options.signal ?? new AbortController().signal
  }

  /** How often a configuration was measured, repetitions counted. */
  get made(): number {
    return this.#made
  }

  /** What is known, in the order in which it was first measured. */
  get known(): readonly Probe[] {
    return [...this.#samples.values()].map(({ configuration, of }) => ({ configuration, measurement: median(of) }))
  }

  has(configuration: Configuration): boolean {
    return this.#samples.has(keyOf(configuration))
  }

  /** Measures until there are so many samples, and answers the one whose throughput is in the middle. */
  async at(configuration: Configuration, samples = 1): Promise<Measurement | null> {
    const key = keyOf(configuration)
    const found = this.#samples.get(key) ?? { configuration, of: [] }
    while (found.of.length < samples) {
      const measurement = checked(configuration, await this.#ask(configuration))
      found.of.push(measurement)
      this.#samples.set(key, found)
      this.#made += 1
      this.#options.onProbe?.({ configuration, measurement }, this.#made)
    }
    return median(found.of)
  }

  async #ask(configuration: Configuration): Promise<unknown> {
    if (this.#signal.aborted) throw probeFailed(configuration, 'cancelled', 'was cancelled')
    try {
      return await this.#options.measure(configuration, this.#signal)
    } catch (error) {
      if (error instanceof CloudlessError && error.reason === 'PROBE_FAILED') throw error
      throw probeFailed(configuration, 'internal', `failed: ${messageOf(error)}`, error)
    }
  }
}

function checked(configuration: Configuration, answer: unknown): Measurement | null {
  if (answer === null) return null
  const { latencyMs, throughputPerSecond } = (answer ?? {}) as Partial<Measurement>
  for (const [field, value] of Object.entries({ latencyMs, throughputPerSecond })) {
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
      throw probeFailed(configuration, 'invalid', `answered ${field} ${String(value)}, which is no positive number`)
  }
  return { latencyMs: latencyMs!, throughputPerSecond: throughputPerSecond! }
}

/** By throughput; one that did not run counts as none. */
function median(samples: readonly (Measurement | null)[]): Measurement | null {
  const sorted = samples.toSorted((a, b) => (a?.throughputPerSecond ?? 0) - (b?.throughputPerSecond ?? 0))
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null
}

// How many instances a function should have, decided lazily (Dilu, section 3.4.2): one sample a second, forty of them; a burst is
// first met by quotas, and only a load that stays changes numbers. One trigger is added: where every quota is at its limit and
// the objective is missed for three seconds, there is nothing left to wait for.

export const scalingConfig = {
  samples: 40,
  /** Samples over what the instances can answer that add one. */
  outSamples: 20,
  /** Samples that one instance less could have answered that take one away. */
  inSamples: 30,
  /** Seconds of a missed objective with nothing left to give. */
  missedSamples: 3,
} as const

export type Sample = {
  readonly requestsPerSecond: number
  /** That answer. */
  readonly instances: number
  /** Requests a second that one instance can answer; 0 while nobody knows. */
  readonly capacityPerSecond: number
  readonly isSloMissed: boolean
  /** Each of them has all that it may have of its device. */
  readonly isVerticalExhausted: boolean
}

export type Bounds = { readonly min: number; readonly max: number }

export type Scaling = {
  readonly wanted: number
  /** Newest last; empty after every change, so that what was seen before it counts no more. */
  readonly samples: readonly Sample[]
  /** Why `wanted` changed last, in one sentence with numbers; '' before. */
  readonly because: string
}

export function scaleLazily(before: Scaling, sample: Sample, { min, max }: Bounds): Scaling {
  const bounded = Math.min(max, Math.max(min, before.wanted))
  if (bounded !== before.wanted)
    return { wanted: bounded, samples: [], because: `the spec allows from ${min} to ${max} instances` }
  // While one begins nothing can be said of what they can do together.
  if (sample.instances < before.wanted) return before
  const samples = [...before.samples, sample].slice(-scalingConfig.samples)
  const { wanted } = before
  const to = (next: number, because: string): Scaling => ({ wanted: next, samples: [], because })
  if (wanted < max) {
    const missed = samples.slice(-scalingConfig.missedSamples)
    const isMissed = missed.length === scalingConfig.missedSamples && missed.every(isHelpless)
    if (isMissed) return to(wanted + 1, `the objective was missed for ${missed.length} s with every quota at its limit`)
    const over = samples.filter(isOver).length
    if (over >= scalingConfig.outSamples)
      return to(wanted + 1, `${over} of ${samples.length} seconds had more requests than ${wanted} instances answer`)
  }
  // The last one goes by the windows of idle time, not by its load.
  if (wanted > Math.max(1, min)) {
    const under = samples.filter(isUnder).length
    if (under >= scalingConfig.inSamples)
      return to(
        wanted - 1,
        `${under} of ${samples.length} seconds had fewer requests than ${wanted - 1} instances answer`,
      )
  }
  return { ...before, samples }
}

function isHelpless({ isSloMissed, isVerticalExhausted }: Sample): boolean {
  return isSloMissed && isVerticalExhausted
}

function isOver({ requestsPerSecond, instances, capacityPerSecond }: Sample): boolean {
  return capacityPerSecond > 0 && requestsPerSecond > instances * capacityPerSecond
}

function isUnder({ requestsPerSecond, instances, capacityPerSecond }: Sample): boolean {
  return capacityPerSecond > 0 && requestsPerSecond < (instances - 1) * capacityPerSecond
}

// Moving averages of what is measured on a link. Each sample is first brought near the average: one transfer that met a
// full queue, or that a cache answered, is worth little, but a link that really changed is followed within a few samples.
import { outlierFactor, sampleWeight } from './config.ts'

/** The average with one more sample; `average` is 0 before the first one. Samples that say nothing are left out. */
export function movingAverage(average: number, sample: number): number {
  if (!Number.isFinite(sample) || sample <= 0) return average
  if (average <= 0) return sample
  const near = Math.min(average * outlierFactor, Math.max(average / outlierFactor, sample))
  return average + sampleWeight * (near - average)
}

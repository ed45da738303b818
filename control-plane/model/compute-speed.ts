// How fast a partition computes, whatever its steps wait for besides: samples per second of the time between waits.
import type { PartitionProgress } from './snapshot.ts'

/** Where steps wait for the WAN, of the time that they do not; 0 before the first step. */
export function computeSpeed({ samplesPerSecond, samplesDone, steps, sync }: PartitionProgress): number {
  if (sync === null || steps <= 0 || sync.stepSeconds <= 0) return samplesPerSecond
  const rough = samplesPerSecond / (1 - Math.min(stallShareMax, sync.stallShare))
  const exact = samplesDone / steps / sync.stepSeconds
  // A partition that took over from a snapshot counts its steps anew, but not its samples.
  return exact > rough * doubtful || exact < rough / doubtful ? rough : exact
}

const stallShareMax = 0.95
const doubtful = 3

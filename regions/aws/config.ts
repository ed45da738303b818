// What is asked of AWS.

/** One vCPU of it is a unit of "cpu". */
export const cpuInstanceTypes = ['c6i.2xlarge'] as const
/** Families with NVIDIA GPUs begin with these letters. */
export const gpuInstanceTypePatterns = ['g*', 'p*'] as const
/** The spot price history is asked from so long ago on, so that a clock that is fast does not ask of the future. */
export const spotHistoryMs = 300_000
/** Names that one request may filter by. */
export const filterValuesMax = 100
/** Regions that one request for placement scores may name. */
export const scoreRegionsMax = 10
/** Machines for which placement scores are asked. */
export const scoreTargetCapacity = 1
/** Scores run from 1 (likely not to succeed) to 10; from this one on a request is likely to succeed. */
export const scoreEnoughMin = 5

// Limits and constants of profiling. Those of the inference search were chosen on the even models of the recorded surfaces.

/** A search over more would take days on a device. */
export const gridPointsMax = 20_000
/** A probe that takes longer has failed. */
export const probeTimeoutMs = 120_000
/** The share of a grid that a search may try, and the fewest probes that it may always make. */
export const budgetShare = 0.11
export const budgetProbesMin = 16

/** Growth goes on while efficacy falls by no more, relative to the last good point, and looks so many points beyond a fall. */
export const growthTolerance = 0.05
export const growthLookAhead = 1
/** Growth may use so much of the budget; the rest is for what the bounds promise. */
export const growthBudgetShare = 0.25
/** A probe that promises less than this (a natural logarithm, so about 0.3 %) is not made. */
export const expectedGainMin = 0.003
/** How much surfaces are taken to break the bounds: once nothing is promised at one level, the next is tried. */
export const noiseLevels = [0.03, 0.1, 0.2]
/** Further levels, while no configuration was found that does. */
export const noiseLevelsInNeed = [0.4, 0.8]
/** A launch that just misses its time quota waits for the next period, so quotas gain up to their square. */
export const quotaExponent = 2

/** Of a training function's full throughput: what its request keeps, and its limit. */
export const requestKeeps = 0.8
export const limitKeeps = 0.98
/** A throughput so near to what it is compared with is measured this often in all, and its median counts. */
export const nearShare = 0.02
export const nearSamples = 3

/** One that misses by no more may be a dent in the curve. */
export const missShare = 0.05

/** An inference function's limit carries so many times the rate that its request carries. */
export const burstFactor = 2

/** Remembered results: functions times device models, points of each, and bytes of their file, which holds as many as there may be. */
export const rememberedMax = 1000
export const pointsMax = 128
export const rememberedBytesMax = 16 * 1024 * 1024

/** Of a measuring program: what it may print, and how much of its errors is told. */
export const outputBytesMax = 1024 * 1024
export const errorBytesMax = 2000
/** A program that loads a model and compiles it takes so long beside its measuring. */
export const probeOverheadMs = 120_000

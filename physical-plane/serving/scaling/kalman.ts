// A load that is to come, after HAS-GPU (arXiv 2505.01968): a scalar Kalman filter of the rate (variances 1 and 10, from 0 and 1),
// then a bias upwards, so that what is predicted is rarely too little. The published program writes the biased value back into the
// state, which costs up to 8 requests a second that nobody asked for; `writesBack` keeps that for comparison. One state a function.

export const kalmanConfig = {
  processVariance: 1,
  measurementVariance: 10,
  /** Standard deviations of the state that are added. */
  alpha: 1,
  /** Requests a second above the last measurement that are predicted at least. */
  bufferPerSecond: 5,
} as const

export type Kalman = { readonly rate: number; readonly variance: number }

export type KalmanOptions = {
  readonly alpha?: number
  readonly bufferPerSecond?: number
  readonly writesBack?: boolean
}

export type KalmanStep = { readonly state: Kalman; readonly gain: number; readonly predicted: number }

export const kalmanStart: Kalman = { rate: 0, variance: 1 }

export function kalmanStep(before: Kalman, measured: number, options: KalmanOptions = {}): KalmanStep {
  const { alpha = kalmanConfig.alpha, bufferPerSecond = kalmanConfig.bufferPerSecond, writesBack = false } = options
  const prior = before.variance + kalmanConfig.processVariance
  const gain = prior / (prior + kalmanConfig.measurementVariance)
  const rate = before.rate + gain * (measured - before.rate)
  const variance = (1 - gain) * prior
  const predicted = Math.max(rate + alpha * Math.sqrt(variance), measured + bufferPerSecond)
  return { state: { rate: writesBack ? predicted : rate, variance }, gain, predicted }
}

// What every kernel computes, in the order and precision that count: each operation rounds to float32 (`Math.fround`),
// only sums over vectors or elements are in float64. Used for vectors outside the arena, and as the judge of the .wat
// files beside it.
// Sums follow PyTorch's optimisers; PyTorch fuses some multiply-adds, so it agrees to about one unit in the last place.
import type { Kernels } from './kernels.ts'

const f = Math.fround
/** Sums side by side, so that none waits for the one before. */
const squareSums = 8

export const referenceKernels: Kernels = {
  copy(target, source) {
    target.set(source)
  },

  clear(vector) {
    vector.fill(0)
  },

  addScaled(target, source, scale) {
    const by = f(scale)
    for (let i = 0; i < target.length; i++) target[i] = target[i]! + f(source[i]! * by)
  },

  scale(target, factor) {
    const by = f(factor)
    for (let i = 0; i < target.length; i++) target[i] = target[i]! * by
  },

  sgd(parameters, gradient, { learningRate, weightDecay }) {
    const rate = f(learningRate)
    const decay = f(weightDecay)
    for (let i = 0; i < parameters.length; i++) {
      const parameter = parameters[i]!
      const slope = f(gradient[i]! + f(parameter * decay))
      parameters[i] = parameter - f(slope * rate)
    }
  },

  momentum(parameters, gradient, velocity, { learningRate, weightDecay, momentum, gradientWeight }) {
    const [rate, decay, keep, weight] = [f(learningRate), f(weightDecay), f(momentum), f(gradientWeight)]
    for (let i = 0; i < parameters.length; i++) {
      const parameter = parameters[i]!
      const slope = f(gradient[i]! + f(parameter * decay))
      const speed = f(f(velocity[i]! * keep) + f(slope * weight))
      velocity[i] = speed
      parameters[i] = parameter - f(speed * rate)
    }
  },

  nesterov(parameters, gradient, velocity, { learningRate, weightDecay, momentum, gradientWeight }) {
    const [rate, decay, keep, weight] = [f(learningRate), f(weightDecay), f(momentum), f(gradientWeight)]
    for (let i = 0; i < parameters.length; i++) {
      const parameter = parameters[i]!
      const slope = f(gradient[i]! + f(parameter * decay))
      const speed = f(f(velocity[i]! * keep) + f(slope * weight))
      velocity[i] = speed
      parameters[i] = parameter - f(f(slope + f(speed * keep)) * rate)
    }
  },

  adamw(parameters, gradient, mean, variance, step) {
    const [decay, stepSize, correction, epsilon] = [
      f(step.decay),
      f(step.stepSize),
      f(step.varianceCorrection),
      f(step.epsilon),
    ]
    const [meanWeight, varianceKeep, varianceWeight] = [f(1 - step.beta1), f(step.beta2), f(1 - step.beta2)]
    for (let i = 0; i < parameters.length; i++) {
      const slope = gradient[i]!
      const average = f(mean[i]! + f(f(slope - mean[i]!) * meanWeight))
      const spread = f(f(variance[i]! * varianceKeep) + f(f(slope * slope) * varianceWeight))
      mean[i] = average
      variance[i] = spread
      const denominator = f(f(f(Math.sqrt(spread)) / correction) + epsilon)
      parameters[i] = f(parameters[i]! * decay) - f(f(average / denominator) * stepSize)
    }
  },

  outerNesterov(shared, velocity, delta, { learningRate, momentum }) {
    referenceKernels.nesterov(shared, delta, velocity, { learningRate, weightDecay: 0, momentum, gradientWeight: 1 })
  },

  rebase(local, shared, sent) {
    for (let i = 0; i < local.length; i++) local[i] = shared[i]! + f(local[i]! - sent[i]!)
  },

  mix(local, shared, weight) {
    const [other, keep] = [f(1 - weight), f(weight)]
    for (let i = 0; i < local.length; i++) local[i] = f(shared[i]! * other) + f(local[i]! * keep)
  },

  addCompensated(values, gradient, then, { lambda, learningRate }) {
    const by = f(-learningRate)
    for (let i = 0; i < values.length; i++) {
      const slope = gradient[i]!
      const compensated = f(slope + lambda * slope * slope * (values[i]! - then[i]!))
      values[i] = values[i]! + f(compensated * by)
    }
  },

  weightedMean(target, contributions) {
    const total = contributions.reduce((sum, { weight }) => sum + weight, 0)
    for (let i = 0; i < target.length; i++) {
      let sum = 0
      for (const { values, weight } of contributions) sum += values[i]! * weight
      target[i] = sum / total
    }
  },

  async allFinite(vector) {
    for (let i = 0; i < vector.length; i++) if (!Number.isFinite(vector[i])) return false
    return true
  },

  async sumOfSquares(vector) {
    const sums = new Float64Array(squareSums)
    const groupsEnd = vector.length - (vector.length % squareSums)
    for (let i = 0; i < groupsEnd; i++) sums[i % squareSums]! += vector[i]! * vector[i]!
    const lane = (at: number): number => sums[at]! + sums[at + 2]! + (sums[at + 4]! + sums[at + 6]!)
    let total = lane(0) + lane(1)
    for (let i = groupsEnd; i < vector.length; i++) total += vector[i]! * vector[i]!
    return total
  },
}

// What every kernel computes, in the order and precision that count: each operation rounds to float32 (`Math.fround`),
// only the weighted mean sums in float64. Used for vectors outside the arena, and as the judge of kernels.wat.
// Sums follow PyTorch's optimisers; PyTorch fuses some multiply-adds, so it agrees to about one unit in the last place.
import type { Kernels } from './kernels.ts'

const f = Math.fround

export const referenceKernels: Kernels = {
  addScaled(target, source, scale) {
    const by = f(scale)
    for (let i = 0; i < target.length; i++) target[i] = target[i]! + f(source[i]! * by)
  },

  scale(target, factor) {
    const by = f(factor)
    for (let i = 0; i < target.length; i++) target[i] = target[i]! * by
  },

  allFinite(vector) {
    for (let i = 0; i < vector.length; i++) if (!Number.isFinite(vector[i])) return false
    return true
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

  weightedMean(target, contributions) {
    const total = contributions.reduce((sum, { weight }) => sum + weight, 0)
    for (let i = 0; i < target.length; i++) {
      let sum = 0
      for (const { values, weight } of contributions) sum += values[i]! * weight
      target[i] = sum / total
    }
  },
}

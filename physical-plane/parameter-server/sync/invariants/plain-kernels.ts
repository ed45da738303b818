// The loops that apply rules ask for, in whatever precision `round` gives: the identity for the laboratory's float64,
// `Math.fround` to say once more what the kernels must compute in float32.
import type { OuterKernels, Vector } from '../apply/outer-kernels.ts'
import type { MeanKernel } from '../apply/reduce.ts'

export type Round = (value: number) => number
export const float64: Round = (value) => value

export function plainKernels<V extends Vector>(round: Round): OuterKernels<V> & MeanKernel<V> {
  return {
    copy: (target, source) => {
      for (let i = 0; i < target.length; i++) target[i] = source[i]!
    },
    clear: (vector) => {
      for (let i = 0; i < vector.length; i++) vector[i] = 0
    },
    addScaled: (target, source, scale) => {
      const by = round(scale)
      for (let i = 0; i < target.length; i++) target[i] = target[i]! + round(source[i]! * by)
    },
    scale: (target, factor) => {
      const by = round(factor)
      for (let i = 0; i < target.length; i++) target[i] = target[i]! * by
    },
    outerNesterov: (shared, velocity, delta, { learningRate, momentum }) => {
      const [rate, keep] = [round(learningRate), round(momentum)]
      for (let i = 0; i < shared.length; i++) {
        const speed = round(round(velocity[i]! * keep) + delta[i]!)
        velocity[i] = speed
        shared[i] = shared[i]! - round(round(delta[i]! + round(speed * keep)) * rate)
      }
    },
    rebase: (local, shared, sent) => {
      for (let i = 0; i < local.length; i++) local[i] = shared[i]! + round(local[i]! - sent[i]!)
    },
    mix: (local, shared, weight) => {
      const [other, keep] = [round(1 - weight), round(weight)]
      for (let i = 0; i < local.length; i++) local[i] = round(shared[i]! * other) + round(local[i]! * keep)
    },
    weightedMean: (target, contributions) => {
      const total = contributions.reduce((sum, { weight }) => sum + weight, 0)
      for (let i = 0; i < target.length; i++) {
        target[i] = contributions.reduce((sum, { values, weight }) => sum + values[i]! * weight, 0) / total
      }
    },
  }
}

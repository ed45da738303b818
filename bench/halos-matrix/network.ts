// A multi-layer perceptron with one hidden layer, in plain TypeScript: softmax cross-entropy and its gradient over a flat
// parameter vector in the order of `layoutOf`.
import type { Layout } from '#physical-plane/parameter-server/replica/layout.ts'
import type { Random } from '#runtime/random.ts'
import { classes, pixels, type Images } from './images.ts'

export const hidden = 32
const firstBias = pixels * hidden
const second = firstBias + hidden
const secondBias = second + hidden * classes
export const elements = secondBias + classes

export function layoutOf(learningRate: number): Layout {
  const tensor = (name: string, shape: readonly number[], length: number) => {
    return { name, shape, length, group: 0, isBuffer: false, dtype: 'float32' }
  }
  return {
    tensors: [
      tensor('first.weight', [pixels, hidden], pixels * hidden),
      tensor('first.bias', [hidden], hidden),
      tensor('second.weight', [hidden, classes], hidden * classes),
      tensor('second.bias', [classes], classes),
    ],
    optimiser: {
      kind: 'adamw',
      groups: [
        {
          learningRate,
          weightDecay: 0.01,
          momentum: 0,
          dampening: 0,
          nesterov: false,
          beta1: 0.9,
          beta2: 0.999,
          epsilon: 1e-8,
        },
      ],
    },
  }
}

/** Weights uniform within one over the root of their inputs; biases zero. */
export function initialValues(random: Random): Float32Array {
  const values = new Float32Array(elements)
  const fill = (start: number, end: number, bound: number): void => {
    for (let i = start; i < end; i++) values[i] = (2 * random.next() - 1) * bound
  }
  fill(0, firstBias, 1 / Math.sqrt(pixels))
  fill(second, secondBias, 1 / Math.sqrt(hidden))
  return values
}

/** Adds the mean gradient over the chosen images to `gradient`; answers their mean loss. */
export function addGradient(
  values: Float32Array,
  images: Images,
  chosen: readonly number[],
  gradient: Float32Array,
): number {
  const active = new Float64Array(hidden)
  const back = new Float64Array(hidden)
  let loss = 0
  for (const index of chosen) {
    const input = images.values.subarray(index * pixels, (index + 1) * pixels)
    const label = images.labels[index]!
    const scores = forward(values, input, active)
    loss -= Math.log(Math.max(scores[label]!, 1e-12)) / chosen.length
    back.fill(0)
    for (let out = 0; out < classes; out++) {
      const error = (scores[out]! - (out === label ? 1 : 0)) / chosen.length
      gradient[secondBias + out]! += error
      for (let unit = 0; unit < hidden; unit++) {
        const at = second + unit * classes + out
        gradient[at]! += error * active[unit]!
        back[unit]! += error * values[at]!
      }
    }
    for (let unit = 0; unit < hidden; unit++) {
      if (active[unit]! <= 0) back[unit] = 0
      gradient[firstBias + unit]! += back[unit]!
    }
    for (let pixel = 0; pixel < pixels; pixel++) {
      const value = input[pixel]!
      const row = pixel * hidden
      for (let unit = 0; unit < hidden; unit++) gradient[row + unit]! += value * back[unit]!
    }
  }
  return loss
}

/** Share of the images whose most likely class is the right one. */
export function accuracyOf(values: Float32Array, images: Images): number {
  const active = new Float64Array(hidden)
  let right = 0
  for (let index = 0; index < images.count; index++) {
    const scores = forward(values, images.values.subarray(index * pixels, (index + 1) * pixels), active)
    let best = 0
    for (let out = 1; out < classes; out++) if (scores[out]! > scores[best]!) best = out
    if (best === images.labels[index]) right += 1
  }
  return right / images.count
}

/** Probabilities of the classes; `active` receives the hidden layer. */
function forward(values: Float32Array, input: Float32Array, active: Float64Array): Float64Array {
  for (let unit = 0; unit < hidden; unit++) active[unit] = values[firstBias + unit]!
  for (let pixel = 0; pixel < pixels; pixel++) {
    const value = input[pixel]!
    const row = pixel * hidden
    for (let unit = 0; unit < hidden; unit++) active[unit]! += value * values[row + unit]!
  }
  const scores = new Float64Array(classes)
  for (let out = 0; out < classes; out++) scores[out] = values[secondBias + out]!
  for (let unit = 0; unit < hidden; unit++) {
    if (active[unit]! < 0) active[unit] = 0
    const value = active[unit]!
    const row = second + unit * classes
    for (let out = 0; out < classes; out++) scores[out]! += value * values[row + out]!
  }
  const highest = scores.reduce((most, score) => Math.max(most, score), -Infinity)
  let total = 0
  for (let out = 0; out < classes; out++) total += scores[out] = Math.exp(scores[out]! - highest)
  for (let out = 0; out < classes; out++) scores[out]! /= total
  return scores
}

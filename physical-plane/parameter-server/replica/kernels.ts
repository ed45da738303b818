// The loops over whole vectors. `referenceKernels` says in plain TypeScript what each one computes, operation by
// operation in float32; `kernels.wat` computes the same bits with SIMD for vectors that lie in the arena. Which one
// runs depends only on where the vectors lie.
import { assert } from '#runtime/assert.ts'
import { referenceKernels } from './kernels-reference.ts'
import { kernelsCode } from './kernels.wasm.ts'
import { instantiate, type WasmMemory } from './webassembly.ts'

export type SgdStep = {
  readonly learningRate: number
  readonly weightDecay: number
}

export type MomentumStep = SgdStep & {
  readonly momentum: number
  /** 1 - dampening; 1 on the first step, when PyTorch takes the gradient itself as the momentum. */
  readonly gradientWeight: number
}

export type AdamwStep = {
  /** 1 - learning rate × weight decay. */
  readonly decay: number
  readonly beta1: number
  readonly beta2: number
  /** Learning rate / (1 - beta1^step). */
  readonly stepSize: number
  /** sqrt(1 - beta2^step). */
  readonly varianceCorrection: number
  readonly epsilon: number
}

export type Contribution = { readonly values: Float32Array; readonly weight: number }

/** Vectors of one call have one length and do not overlap. Copying is `target.set(source)`. */
export interface Kernels {
  /** target += source × scale */
  addScaled(target: Float32Array, source: Float32Array, scale: number): void
  /** target ×= factor */
  scale(target: Float32Array, factor: number): void
  allFinite(vector: Float32Array): boolean
  sgd(parameters: Float32Array, gradient: Float32Array, step: SgdStep): void
  momentum(parameters: Float32Array, gradient: Float32Array, velocity: Float32Array, step: MomentumStep): void
  nesterov(parameters: Float32Array, gradient: Float32Array, velocity: Float32Array, step: MomentumStep): void
  adamw(
    parameters: Float32Array,
    gradient: Float32Array,
    mean: Float32Array,
    variance: Float32Array,
    step: AdamwStep,
  ): void
  /** target = Σ weight × values / Σ weight, summed in float64 in the order given, rounded once to float32. */
  weightedMean(target: Float32Array, contributions: readonly Contribution[]): void
}

/** Elements whose float64 sums lie at the start of the arena while a weighted mean is computed: they fit in a cache. */
const sumsElements = 4096
export const kernelScratchBytes = sumsElements * 8

/** The kernels for an arena whose first `kernelScratchBytes` are theirs. */
export function createArenaKernels(memory: WasmMemory): Kernels {
  const code = instantiate(kernelsCode, memory)
  const isInArena = (...vectors: readonly Float32Array[]): boolean => {
    const length = vectors[0]!.length
    for (const vector of vectors) {
      assert(vector.length === length, `a kernel got vectors of ${length} and ${vector.length} elements`)
    }
    return vectors.every(({ buffer }) => buffer === memory.buffer)
  }
  return {
    addScaled: (target, source, scale) => {
      if (!isInArena(target, source)) return referenceKernels.addScaled(target, source, scale)
      code.addScaled!(target.byteOffset, source.byteOffset, target.byteLength, scale)
    },
    scale: (target, factor) => {
      if (!isInArena(target)) return referenceKernels.scale(target, factor)
      code.scale!(target.byteOffset, target.byteLength, factor)
    },
    allFinite: (vector) => {
      if (!isInArena(vector)) return referenceKernels.allFinite(vector)
      return code.allFinite!(vector.byteOffset, vector.byteLength) === 1
    },
    sgd: (parameters, gradient, step) => {
      if (!isInArena(parameters, gradient)) return referenceKernels.sgd(parameters, gradient, step)
      const { learningRate, weightDecay } = step
      code.sgd!(parameters.byteOffset, gradient.byteOffset, parameters.byteLength, learningRate, weightDecay)
    },
    momentum: (parameters, gradient, velocity, step) => {
      if (!isInArena(parameters, gradient, velocity)) {
        return referenceKernels.momentum(parameters, gradient, velocity, step)
      }
      code.momentum!(...addresses(parameters, gradient, velocity), ...momentumScalars(step))
    },
    nesterov: (parameters, gradient, velocity, step) => {
      if (!isInArena(parameters, gradient, velocity)) {
        return referenceKernels.nesterov(parameters, gradient, velocity, step)
      }
      code.nesterov!(...addresses(parameters, gradient, velocity), ...momentumScalars(step))
    },
    adamw: (parameters, gradient, mean, variance, step) => {
      if (!isInArena(parameters, gradient, mean, variance)) {
        return referenceKernels.adamw(parameters, gradient, mean, variance, step)
      }
      const { decay, beta1, beta2, stepSize, varianceCorrection, epsilon } = step
      const at = addresses(parameters, gradient, mean, variance)
      code.adamw!(...at, decay, 1 - beta1, beta2, 1 - beta2, stepSize, varianceCorrection, epsilon)
    },
    weightedMean: (target, contributions) => {
      if (!isInArena(target, ...contributions.map(({ values }) => values))) {
        return referenceKernels.weightedMean(target, contributions)
      }
      const total = contributions.reduce((sum, { weight }) => sum + weight, 0)
      for (let start = 0; start < target.length; start += sumsElements) {
        const bytes = Math.min(sumsElements, target.length - start) * 4
        for (const { values, weight } of contributions) {
          code.addToSums!(0, values.byteOffset + start * 4, bytes, weight)
        }
        code.takeMeans!(target.byteOffset + start * 4, 0, bytes, total)
      }
    },
  }
}

/** Where the vectors lie, and how long they are. */
function addresses(...vectors: readonly Float32Array[]): readonly number[] {
  return [...vectors.map(({ byteOffset }) => byteOffset), vectors[0]!.byteLength]
}

function momentumScalars({ learningRate, weightDecay, momentum, gradientWeight }: MomentumStep): readonly number[] {
  return [learningRate, weightDecay, momentum, gradientWeight]
}

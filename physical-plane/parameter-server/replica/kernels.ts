// The loops over whole vectors. `referenceKernels` says in plain TypeScript what each one computes, operation by
// operation in float32; the .wat files compute the same bits with SIMD for vectors that lie in the arena. Which one
// runs depends only on where the vectors lie. Kernels on the arena are a stream: a call returns once it is in order.
import { assert } from '#runtime/assert.ts'
import type { ArenaStream, SizedCode } from './arena-stream.ts'
import { termsMax } from './config.ts'
import { referenceKernels } from './kernels-reference.ts'
import { kernelsCode } from './kernels.wasm.ts'
import { reduceKernelsCode } from './reduce-kernels.wasm.ts'
import type { WasmMemory } from './webassembly.ts'

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

export type OuterStep = { readonly learningRate: number; readonly momentum: number }

export type CompensatedStep = { readonly lambda: number; readonly learningRate: number }

/** Vectors of one call have one length and do not overlap. */
export interface Kernels {
  /** target = source */
  copy(target: Float32Array, source: Float32Array): void
  /** vector = 0 */
  clear(vector: Float32Array): void
  /** target += source × scale */
  addScaled(target: Float32Array, source: Float32Array, scale: number): void
  /** target ×= factor */
  scale(target: Float32Array, factor: number): void
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
  /** velocity = velocity × momentum + delta; shared -= learning rate × (delta + velocity × momentum) */
  outerNesterov(shared: Float32Array, velocity: Float32Array, delta: Float32Array, step: OuterStep): void
  /** local = shared + (local - sent) */
  rebase(local: Float32Array, shared: Float32Array, sent: Float32Array): void
  /** local = shared × (1 - weight) + local × weight */
  mix(local: Float32Array, shared: Float32Array, weight: number): void
  /**
   * values -= learning rate × (gradient + lambda × gradient² × (values - then)), the bracket in float64 and rounded
   * once. Where values are what they were then, or lambda is 0, this is `addScaled(values, gradient, -learningRate)`.
   */
  addCompensated(values: Float32Array, gradient: Float32Array, then: Float32Array, step: CompensatedStep): void
  /** target = Σ weight × values / Σ weight, summed in float64 in the order given, rounded once to float32. */
  weightedMean(target: Float32Array, contributions: readonly Contribution[]): void
  allFinite(vector: Float32Array): Promise<boolean>
  /** In float64. */
  sumOfSquares(vector: Float32Array): Promise<number>
}

/** The start of the arena, which the code of every module may use during a call: sums, tables, a last piece's padding. */
export const kernelScratchBytes = 40 << 10

/** The kernels for an arena whose first `kernelScratchBytes` are theirs; `merges` is the code of merge-kernels.wat. */
export function createArenaKernels(memory: WasmMemory, stream: ArenaStream, merges: SizedCode): Kernels {
  const steps = stream.load(kernelsCode)
  const reduces = stream.load(reduceKernelsCode)
  const { buffer } = memory
  /** Whether the arena's code can do it; if not, the reference may, at once. */
  const isInArena = (...vectors: readonly Float32Array[]): boolean => {
    const length = vectors[0]!.length
    for (const vector of vectors) {
      assert(vector.length === length, `a kernel got vectors of ${length} and ${vector.length} elements`)
    }
    const inside = vectors.filter((vector) => vector.buffer === buffer).length
    if (inside === vectors.length) return true
    // The order counts for vectors outside of the arena, too. This is rare enough to hold the caller up.
    if (inside > 0) stream.settleNow()
    return false
  }
  return {
    ...optimiserKernels(steps, isInArena),
    ...mergeKernels(merges, steps, isInArena),
    weightedMean: (target, contributions) => {
      if (!isInArena(target, ...contributions.map(({ values }) => values))) {
        return referenceKernels.weightedMean(target, contributions)
      }
      const count = contributions.length
      assert(count >= 1 && count <= termsMax, `a mean of ${count} vectors; 1 to ${termsMax} are possible`)
      const total = contributions.reduce((sum, { weight }) => sum + weight, 0)
      for (const [index, { values, weight }] of contributions.entries()) {
        reduces.runOver(0, 'setTerm', index, values.byteOffset, weight)
      }
      const bytes = target.byteLength * (count + 1)
      reduces.runOver(bytes, 'weightedMean', target.byteOffset, target.byteLength, count, total)
    },
    allFinite: async (vector) => {
      if (!isInArena(vector)) return referenceKernels.allFinite(vector)
      return (await steps.askOver(vector.byteLength, 'allFinite', vector.byteOffset, vector.byteLength)) === 1
    },
    sumOfSquares: async (vector) => {
      if (!isInArena(vector)) return referenceKernels.sumOfSquares(vector)
      return merges.askOver(vector.byteLength, 'sumOfSquares', vector.byteOffset, vector.byteLength)
    },
  }
}

type Where = (...vectors: readonly Float32Array[]) => boolean

function optimiserKernels(code: SizedCode, isInArena: Where) {
  return {
    sgd: (parameters, gradient, step) => {
      if (!isInArena(parameters, gradient)) return referenceKernels.sgd(parameters, gradient, step)
      call(code, 'sgd', [parameters, gradient], [step.learningRate, step.weightDecay])
    },
    momentum: (parameters, gradient, velocity, step) => {
      if (!isInArena(parameters, gradient, velocity)) {
        return referenceKernels.momentum(parameters, gradient, velocity, step)
      }
      call(code, 'momentum', [parameters, gradient, velocity], momentumScalars(step))
    },
    nesterov: (parameters, gradient, velocity, step) => {
      if (!isInArena(parameters, gradient, velocity)) {
        return referenceKernels.nesterov(parameters, gradient, velocity, step)
      }
      call(code, 'nesterov', [parameters, gradient, velocity], momentumScalars(step))
    },
    adamw: (parameters, gradient, mean, variance, step) => {
      if (!isInArena(parameters, gradient, mean, variance)) {
        return referenceKernels.adamw(parameters, gradient, mean, variance, step)
      }
      const { decay, beta1, beta2, stepSize, varianceCorrection, epsilon } = step
      const scalars = [decay, 1 - beta1, beta2, 1 - beta2, stepSize, varianceCorrection, epsilon]
      call(code, 'adamw', [parameters, gradient, mean, variance], scalars)
    },
  } satisfies Partial<Kernels>
}

function mergeKernels(code: SizedCode, steps: SizedCode, isInArena: Where) {
  return {
    copy: (target, source) => {
      if (!isInArena(target, source)) return referenceKernels.copy(target, source)
      call(code, 'copy', [target, source], [])
    },
    clear: (vector) => {
      if (!isInArena(vector)) return referenceKernels.clear(vector)
      call(code, 'clear', [vector], [])
    },
    addScaled: (target, source, scale) => {
      if (!isInArena(target, source)) return referenceKernels.addScaled(target, source, scale)
      call(steps, 'addScaled', [target, source], [scale])
    },
    scale: (target, factor) => {
      if (!isInArena(target)) return referenceKernels.scale(target, factor)
      call(steps, 'scale', [target], [factor])
    },
    outerNesterov: (shared, velocity, delta, step) => {
      if (!isInArena(shared, velocity, delta)) return referenceKernels.outerNesterov(shared, velocity, delta, step)
      // An inner step without weight decay that takes all of the gradient.
      call(steps, 'nesterov', [shared, delta, velocity], [step.learningRate, 0, step.momentum, 1])
    },
    rebase: (local, shared, sent) => {
      if (!isInArena(local, shared, sent)) return referenceKernels.rebase(local, shared, sent)
      call(code, 'rebase', [local, shared, sent], [])
    },
    mix: (local, shared, weight) => {
      if (!isInArena(local, shared)) return referenceKernels.mix(local, shared, weight)
      call(code, 'mix', [local, shared], [1 - weight, weight])
    },
    addCompensated: (values, gradient, then, step) => {
      if (!isInArena(values, gradient, then)) return referenceKernels.addCompensated(values, gradient, then, step)
      call(code, 'addCompensated', [values, gradient, then], [step.lambda, -step.learningRate])
    },
  } satisfies Partial<Kernels>
}

/** Every kernel takes the vectors' addresses, the length of one of them in bytes, and then its scalars. */
function call(code: SizedCode, name: string, vectors: readonly Float32Array[], scalars: readonly number[]): void {
  const bytes = vectors[0]!.byteLength
  code.runOver(bytes * vectors.length, name, ...vectors.map(({ byteOffset }) => byteOffset), bytes, ...scalars)
}

function momentumScalars({ learningRate, weightDecay, momentum, gradientWeight }: MomentumStep): readonly number[] {
  return [learningRate, weightDecay, momentum, gradientWeight]
}

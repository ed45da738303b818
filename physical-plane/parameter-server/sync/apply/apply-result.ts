// What everybody does with the result of a committed round: one rule out of four, and the vectors that it keeps in
// common. Only these vectors, the shared parameters and the number of commits decide the outcome, so regions that hold
// the same bits before hold the same bits after.
import type { Parts } from '#proto/sync/strategy.ts'
import { present } from '#runtime/assert.ts'
import { takeMean } from './mean.ts'
import { outerDelayedNesterov } from './outer-delayed-nesterov.ts'
import type { OuterKernels, OuterStep, Vector } from './outer-kernels.ts'
import { outerNesterov } from './outer-nesterov.ts'
import type { Piece } from './pieces.ts'
import { applySparseMean } from './sparse-mean.ts'

/** Apply rules of rounds; the others belong to strategies without. */
export type RoundRule = Exclude<Parts['apply'], 'add' | 'mass-mean'>

/** Vectors of all elements that the rule keeps beside the shared parameters; zero at the start. */
export type OuterVectors<V extends Vector> = { readonly momentum?: V; readonly accumulated?: V }

export type ApplyOptions = OuterStep & {
  /** N of delayed Nesterov. */
  readonly delay: number
  /** How many commits this fragment has had before. */
  readonly commits: number
  /** How many regions' contributions the result is the mean of. */
  readonly contributions: number
}

export function outerVectorNames(rule: RoundRule): readonly (keyof OuterVectors<Vector>)[] {
  switch (rule) {
    case 'outer-nesterov':
      return ['momentum']
    case 'outer-delayed-nesterov':
      return ['momentum', 'accumulated']
    case 'mean':
    case 'sparse-mean':
      return []
  }
}

/** `result` is the fragment's own vector, decoded: the mean model for `mean`, a mean delta (old minus new) otherwise. */
export function applyResult<V extends Vector>(
  rule: RoundRule,
  kernels: OuterKernels<V>,
  vectors: { readonly shared: V } & OuterVectors<V>,
  result: V,
  pieces: readonly Piece[],
  options: ApplyOptions,
): void {
  const { shared, momentum, accumulated } = vectors
  switch (rule) {
    case 'mean':
      return takeMean(kernels, shared, result, pieces)
    case 'sparse-mean':
      return applySparseMean(kernels, shared, result, pieces, options.learningRate)
    case 'outer-nesterov':
      return outerNesterov(kernels, { shared, momentum: kept(momentum, rule) }, result, pieces, options)
    case 'outer-delayed-nesterov': {
      const state = { shared, momentum: kept(momentum, rule), accumulated: kept(accumulated, rule) }
      return outerDelayedNesterov(kernels, state, result, pieces, options)
    }
  }
}

function kept<V>(vector: V | undefined, rule: RoundRule): V {
  return present(vector, `a vector that ${rule} keeps`)
}

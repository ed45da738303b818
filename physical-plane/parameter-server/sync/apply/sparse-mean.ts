// SparseLoCo (arXiv 2508.15706): the shared parameters move by the mean of the sparse deltas, without an outer momentum;
// what each region has not sent yet stays in its residual, which takes the momentum's place.
import type { OuterKernels, Vector } from './outer-kernels.ts'
import { part } from './outer-kernels.ts'
import type { Piece } from './pieces.ts'

export function applySparseMean<V extends Vector>(
  kernels: OuterKernels<V>,
  shared: V,
  delta: V,
  pieces: readonly Piece[],
  learningRate: number,
): void {
  for (const { start, end, at, isBuffer } of pieces) {
    kernels.addScaled(part(shared, start, end), part(delta, at, at + end - start), isBuffer ? -1 : -learningRate)
  }
}

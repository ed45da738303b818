// Model averaging: the mean of the regions' models is the model. It comes exact, because a compressed model would lose
// what took all of training to find.
import type { OuterKernels, Vector } from './outer-kernels.ts'
import { part } from './outer-kernels.ts'
import type { Piece } from './pieces.ts'

export function takeMean<V extends Vector>(
  kernels: OuterKernels<V>,
  shared: V,
  mean: V,
  pieces: readonly Piece[],
): void {
  for (const { start, end, at } of pieces) kernels.copy(part(shared, start, end), part(mean, at, at + end - start))
}

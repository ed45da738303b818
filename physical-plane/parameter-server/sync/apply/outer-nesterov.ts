// DiLoCo's outer step (arXiv 2311.08105): Nesterov's momentum on the mean of what the regions moved by. The delta is old
// minus new, so the step descends. Buffers are averaged: learning rate 1, no momentum.
import type { OuterKernels, OuterStep, Vector } from './outer-kernels.ts'
import { part } from './outer-kernels.ts'
import type { Piece } from './pieces.ts'

export type NesterovVectors<V extends Vector> = { readonly shared: V; readonly momentum: V }

/** `delta` is the fragment's own vector; `vectors` are whole and change in the fragment's pieces. */
export function outerNesterov<V extends Vector>(
  kernels: OuterKernels<V>,
  vectors: NesterovVectors<V>,
  delta: V,
  pieces: readonly Piece[],
  step: OuterStep,
): void {
  for (const { start, end, at, isBuffer } of pieces) {
    const shared = part(vectors.shared, start, end)
    const change = part(delta, at, at + end - start)
    if (isBuffer) kernels.addScaled(shared, change, -1)
    else kernels.outerNesterov(shared, part(vectors.momentum, start, end), change, step)
  }
}

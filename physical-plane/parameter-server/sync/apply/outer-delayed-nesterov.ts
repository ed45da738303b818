// Delayed Nesterov (HALoS, ICML 2025, after Liu et al., arXiv 2401.09135): deltas that arrive one by one would each push
// the momentum although they describe the same stretch of training. So every delta moves the parameters by its own
// 1/N, and only each N-th commit steps the momentum, with the mean of the N deltas since the last time. Where several
// regions are in one commit, each of their deltas counts as if it had come alone: a rate of 1/R adds R of them up to their
// mean, however they are grouped.
// Their c, the share of the momentum's step that every other commit takes already, is 0 here. With N = 1 this is Nesterov.
import type { OuterKernels, OuterStep, Vector } from './outer-kernels.ts'
import { part } from './outer-kernels.ts'
import type { Piece } from './pieces.ts'

export type DelayedVectors<V extends Vector> = {
  readonly shared: V
  readonly momentum: V
  /** Sum of the deltas since the momentum last stepped. */
  readonly accumulated: V
}

export type DelayedStep = OuterStep & {
  /** N: commits of this fragment between two steps of the momentum. */
  readonly delay: number
  /** How many commits this fragment has had before. */
  readonly commits: number
  /** How many regions' deltas `delta` is the mean of. */
  readonly contributions: number
}

export function outerDelayedNesterov<V extends Vector>(
  kernels: OuterKernels<V>,
  vectors: DelayedVectors<V>,
  delta: V,
  pieces: readonly Piece[],
  step: DelayedStep,
): void {
  const { learningRate, momentum: keep, delay, commits, contributions } = step
  const isStepping = (commits + 1) % delay === 0
  for (const { start, end, at, isBuffer } of pieces) {
    const shared = part(vectors.shared, start, end)
    const change = part(delta, at, at + end - start)
    if (isBuffer) {
      kernels.addScaled(shared, change, -1)
      continue
    }
    const velocity = part(vectors.momentum, start, end)
    const accumulated = part(vectors.accumulated, start, end)
    kernels.addScaled(accumulated, change, contributions)
    if (isStepping) {
      kernels.scale(velocity, keep)
      kernels.addScaled(velocity, accumulated, 1 / delay)
      kernels.clear(accumulated)
      kernels.addScaled(shared, velocity, -learningRate * keep)
    }
    kernels.addScaled(shared, change, (-learningRate * contributions) / delay)
  }
}

// Regions that train in lockstep on one small problem and exchange through the real parts: fragments, schedule, shares,
// mean, outer step and merge are those of the product. Only the network is missing: a contribution made at some step is
// applied `tau` steps later. In float64, equalities hold to 1e-12; the same run on the arena shows that float32 only adds
// its rounding.
import { applyResult, type RoundRule } from '../apply/apply-result.ts'
import { merge } from '../apply/merge.ts'
import { part, type OuterKernels, type OuterStep, type Vector } from '../apply/outer-kernels.ts'
import { piecesOf } from '../apply/pieces.ts'
import { inShares, reduce, type MeanKernel } from '../apply/reduce.ts'
import { elementsIn, fragmentsOf, type Range } from '../membership/fragments.ts'
import { fragmentOf } from '../when/fragment-schedule.ts'
import type { Inner, InnerStep } from './inner-optimisers.ts'
import { float64, plainKernels } from './plain-kernels.ts'
import type { Problem } from './problems.ts'

export type Precision<V extends Vector> = {
  readonly kernels: OuterKernels<V> & MeanKernel<V>
  readonly allocate: (elements: number) => V
}

export const inFloat64: Precision<Float64Array> = {
  kernels: plainKernels(float64),
  allocate: (elements) => new Float64Array(elements),
}

export type Training = {
  readonly problem: Problem
  /** One per region. */
  readonly weights: readonly number[]
  readonly inner: Inner
  readonly rule: RoundRule
  readonly outer: OuterStep
  readonly delay?: number
  /** Local steps between two exchanges of the same fragment. */
  readonly interval: number
  readonly fragments?: number
  /** Steps from a contribution to its effect. */
  readonly tau?: number
  readonly merge?: 'rebase' | 'mix' | 'overwrite'
  readonly mergeWeight?: number
  readonly steps: number
}

export type Trained<V extends Vector> = {
  readonly shared: V
  readonly locals: readonly V[]
  /** Elements that each region sent, by step. */
  readonly sent: readonly number[]
}

type Region<V extends Vector> = { readonly local: V; readonly step: InnerStep; readonly weight: number }
type UnderWay<V extends Vector> = {
  readonly round: number
  readonly atStep: number
  readonly sent: readonly V[]
  readonly result: V
}

export function train<V extends Vector>(precision: Precision<V>, training: Training): Trained<V> {
  const { problem, weights, inner, interval, steps, fragments = 1, tau = 0 } = training
  const elements = problem.start.length
  const cuts = fragmentsOf({ tensors: tensorsOf(elements) }, fragments)
  const begin = (): V => filled(precision, problem.start)
  const shared = begin()
  const outer = { momentum: precision.allocate(elements), accumulated: precision.allocate(elements) }
  const regions = weights.map((weight) => ({ local: begin(), step: inner(), weight }))
  const sent: number[] = []
  let underWay: UnderWay<V>[] = []
  for (let step = 1; step <= steps; step++) {
    for (const [r, { local, step: move }] of regions.entries()) move(local, problem.gradient(local, r, step))
    const isRound = step % (interval / fragments) === 0
    const round = step / (interval / fragments)
    sent.push(isRound ? elementsIn(cuts[fragmentOf(round, fragments)]!) : 0)
    if (isRound) underWay.push(contribute(precision, training, round, step + tau, shared, regions, cuts))
    for (const exchange of underWay.filter(({ atStep }) => atStep === step)) {
      land(precision, training, exchange, { shared, ...outer }, regions, cuts)
    }
    underWay = underWay.filter(({ atStep }) => atStep > step)
  }
  return { shared, locals: regions.map(({ local }) => local), sent }
}

/** What the regions offer now, and the mean of it. */
function contribute<V extends Vector>(
  precision: Precision<V>,
  { rule, fragments = 1 }: Training,
  round: number,
  atStep: number,
  shared: V,
  regions: readonly Region<V>[],
  cuts: readonly (readonly Range[])[],
): UnderWay<V> {
  const ranges = cuts[fragmentOf(round, fragments)]!
  const before = gather(precision, shared, ranges)
  const sent = regions.map(({ local }) => gather(precision, local, ranges))
  const members = inShares(
    regions.map(({ weight }, r) => {
      const values = precision.allocate(before.length)
      precision.kernels.copy(values, rule === 'mean' ? sent[r]! : before)
      if (rule !== 'mean') precision.kernels.addScaled(values, sent[r]!, -1)
      return { region: `region-${r}`, weight, values }
    }),
  )
  const result = precision.allocate(before.length)
  reduce(precision.kernels, result, members)
  return { round, atStep, sent, result }
}

function land<V extends Vector>(
  { kernels }: Precision<V>,
  training: Training,
  { round, sent, result }: UnderWay<V>,
  vectors: { readonly shared: V; readonly momentum: V; readonly accumulated: V },
  regions: readonly Region<V>[],
  cuts: readonly (readonly Range[])[],
): void {
  const { rule, outer, delay = 1, fragments = 1, merge: mode = 'rebase', mergeWeight = 0 } = training
  const pieces = piecesOf(cuts[fragmentOf(round, fragments)]!, vectors.shared.length)
  // Everybody is in every round, so a rate of 1 / regions would give each its share of the mean: here rates are of the mean.
  const options = { ...outer, delay, commits: Math.floor((round - 1) / fragments), contributions: 1 }
  applyResult(rule, kernels, vectors, result, pieces, options)
  for (const [r, { local }] of regions.entries()) {
    merge(kernels, { local, shared: vectors.shared, sent: sent[r]! }, pieces, { merge: mode, mergeWeight })
  }
}

function gather<V extends Vector>({ kernels, allocate }: Precision<V>, whole: V, ranges: readonly Range[]): V {
  const gathered = allocate(elementsIn(ranges))
  let at = 0
  for (const { start, end } of ranges) {
    kernels.copy(part(gathered, at, at + end - start), part(whole, start, end))
    at += end - start
  }
  return gathered
}

export function filled<V extends Vector>({ allocate }: Precision<V>, values: readonly number[]): V {
  const vector = allocate(values.length)
  for (const [i, value] of values.entries()) vector[i] = value
  return vector
}

/** Tensors of uneven lengths. */
function tensorsOf(
  elements: number,
): { name: string; shape: number[]; length: number; group: number; isBuffer: boolean; dtype: string }[] {
  const first = Math.ceil(elements / 3)
  return [first, elements - first].map((length, i) => {
    return { name: `tensor-${i}`, shape: [length], length, group: 0, isBuffer: false, dtype: 'float32' }
  })
}

/** The largest difference between two vectors. */
export function distance(one: ArrayLike<number>, other: ArrayLike<number>): number {
  return Array.from(one).reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0)
}

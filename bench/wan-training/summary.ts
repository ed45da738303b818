// From runs to the table and the keys. Every figure is a median over seeds; a key that is there per world is the worse one
// of both. A run that never reached the target took at least as long as it lasted: such seconds are a lower bound, which
// may only stand where it makes a claim weaker (the baseline's side of a ratio).
import type { PaceRecord, RunRecord } from './run-record.ts'
import type { Row } from './rows.ts'
import { timeToTarget, valueAt } from './time-to-target.ts'

/** Points of accuracy that a quicker way may end below the best one. */
const nearPoints = 0.5

export type TargetSettings = { readonly targetAccuracy: number; readonly neighbours: number }

export type RowFigures = {
  readonly row: string
  readonly title: string
  readonly seeds: number
  readonly learningRate: number
  /** To the target; null where the median run did not reach it. */
  readonly seconds: number | null
  /** The same, or how long the median run lasted. */
  readonly secondsAtLeast: number
  /** Null where the median run was cut or failed. */
  readonly finalAccuracy: number | null
  readonly bytesToTarget: number
  readonly bytesTotal: number
  readonly bytesPerSample: number
  readonly stallShare: number
  readonly costUsd: number
  readonly realStepMs: number
  /** Of the steps: those whose real computation took longer than their pace. Much of it means a machine that is too slow. */
  readonly slowStepShare: number
}

export type Keys = {
  readonly speedup_asgd_ga: number
  readonly speedup_auto: number
  readonly auto_vs_ideal: number
  readonly wan_bytes_ratio: number
  readonly accuracy_gap_points: number
}

export function figuresOf(row: Row, runs: readonly RunRecord[], target: TargetSettings): RowFigures {
  const reached = runs.map((run) => timeToTarget(run.accuracy, target.targetAccuracy, target.neighbours))
  const ends = runs.map((run) => run.accuracy.at(-1)?.seconds ?? run.seconds)
  const seconds = median(reached.map((value) => value ?? Infinity))
  const of = (figure: (run: RunRecord, index: number) => number): number => median(runs.map(figure))
  const final = of(({ finalAccuracy }) => finalAccuracy ?? -1)
  return {
    row: row.name,
    title: row.title,
    seeds: runs.length,
    learningRate: row.tuned.learningRate,
    seconds: Number.isFinite(seconds) ? seconds : null,
    secondsAtLeast: of((_, index) => reached[index] ?? ends[index]!),
    finalAccuracy: final < 0 ? null : final,
    bytesToTarget: of((run, index) => valueAt(run.wanBytes, reached[index] ?? ends[index]!)),
    bytesTotal: of(({ wanBytesTotal }) => wanBytesTotal),
    bytesPerSample: of(({ wanBytesTotal, samples }) => (samples === 0 ? 0 : wanBytesTotal / samples)),
    stallShare: of(({ paces }) => stallShareOf(paces)),
    costUsd: of(({ costUsd }) => costUsd),
    realStepMs: of(({ paces }) => (1000 * sum(paces.map(({ realSeconds }) => realSeconds))) / stepsOf(paces)),
    slowStepShare: of(({ paces }) => sum(paces.map(({ stepsOverPace }) => stepsOverPace)) / stepsOf(paces)),
  }
}

/** Of the workers' time between their first batch and their last step: what was not (emulated) computation. */
export function stallShareOf(paces: readonly PaceRecord[]): number {
  const wall = sum(paces.map(({ wallSeconds }) => wallSeconds))
  return wall === 0 ? 0 : 1 - sum(paces.map(({ busySeconds }) => busySeconds)) / wall
}

function stepsOf(paces: readonly PaceRecord[]): number {
  return Math.max(1, sum(paces.map(({ steps }) => steps)))
}

/** Only the keys whose rows are there. */
export function keysOf(figures: readonly RowFigures[]): Partial<Keys> {
  const [ideal, asgd, asgdGa, auto] = ['ideal', 'asgd', 'asgd-ga', 'auto'].map((name) =>
    figures.find(({ row }) => row === name),
  )
  return {
    ...(asgd && asgdGa ? { speedup_asgd_ga: speedup(asgd, asgdGa) } : {}),
    ...(asgd && auto
      ? { speedup_auto: speedup(asgd, auto), wan_bytes_ratio: auto.bytesToTarget / asgd.bytesToTarget }
      : {}),
    ...(ideal && auto ? { auto_vs_ideal: speedup(ideal, auto) } : {}),
    ...(ideal?.finalAccuracy && auto?.finalAccuracy
      ? { accuracy_gap_points: 100 * (ideal.finalAccuracy - auto.finalAccuracy) }
      : {}),
  }
}

/** How many times faster than the baseline; 0 for a row that never reached the target. */
function speedup(baseline: RowFigures, { seconds }: RowFigures): number {
  return seconds === null ? 0 : baseline.secondsAtLeast / seconds
}

const smallerIsBetter: readonly (keyof Keys)[] = ['wan_bytes_ratio', 'accuracy_gap_points']

export function worst(keys: readonly Partial<Keys>[]): Partial<Keys> {
  const names = [...new Set(keys.flatMap((each) => Object.keys(each) as (keyof Keys)[]))]
  return Object.fromEntries(
    names.map((name) => {
      const values = keys.flatMap((each) => each[name] ?? [])
      return [name, smallerIsBetter.includes(name) ? Math.max(...values) : Math.min(...values)]
    }),
  )
}

/**
 * A row's runs, best first: the quickest to the target of those whose final accuracy is near the best of all, then the rest.
 * By seconds alone a rate would win that rushes to the target and then stays there.
 */
export function byPreference(runs: readonly RunRecord[], target: TargetSettings): readonly RunRecord[] {
  const best = Math.max(...runs.map(({ finalAccuracy }) => finalAccuracy ?? 0))
  const isNear = ({ finalAccuracy }: RunRecord): boolean => (finalAccuracy ?? 0) >= best - nearPoints / 100
  return runs.toSorted(
    (a, b) =>
      Number(isNear(b)) - Number(isNear(a)) ||
      secondsToTarget(a, target) - secondsToTarget(b, target) ||
      (b.finalAccuracy ?? 0) - (a.finalAccuracy ?? 0),
  )
}

/** The largest number where it was not reached, so that such runs still have an order. */
export function secondsToTarget({ accuracy }: RunRecord, { targetAccuracy, neighbours }: TargetSettings): number {
  return timeToTarget(accuracy, targetAccuracy, neighbours) ?? Number.MAX_VALUE
}

export function markdown(title: string, figures: readonly RowFigures[]): string {
  const lines = figures.map((row) =>
    [
      row.title,
      row.seconds === null ? `not in ${row.secondsAtLeast.toFixed(0)}` : row.seconds.toFixed(1),
      row.finalAccuracy === null ? 'cut' : `${(100 * row.finalAccuracy).toFixed(1)} %`,
      megabytes(row.bytesToTarget),
      megabytes(row.bytesTotal),
      `${(100 * row.stallShare).toFixed(0)} %`,
      `$${row.costUsd.toFixed(4)}`,
      String(row.learningRate),
    ].join(' | '),
  )
  return [
    `**${title}**`,
    '',
    '| strategy | s to target | final accuracy | WAN MB to target | WAN MB in all | stall | cost | rate |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n')
}

function megabytes(bytes: number): string {
  const value = bytes / 1e6
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length % 2 === 1) return sorted[middle]!
  // Both may be infinite, so not their mean's usual way to say it.
  return sorted.length === 0 ? 0 : sorted[middle - 1]! / 2 + sorted[middle]! / 2
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

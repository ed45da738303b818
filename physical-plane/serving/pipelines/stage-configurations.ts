// What a stage of a pipeline may run as, made ready for searching: numbers on a grid on which sums are exact, sorted by time, without
// what no answer needs. One that k others are as quick and as cheap as is in none of the k best paths: each of them would be better in
// its place. So adding such a one changes nothing.
import { invalid } from '#runtime/errors.ts'

/** One way to run a stage: how long a batch takes, and what a job in it costs. */
export type Configuration = { readonly timeMs: number; readonly cost: number }

/** Flat, in ascending order of time, then cost, then the order given. */
export type StageConfigurations = {
  readonly times: Float64Array
  readonly costs: Float64Array
  /** Where each stood in what was given. */
  readonly given: Int32Array
}

/** Ready for searches with up to `answers` answers. */
export function prepareStages(
  stages: readonly (readonly Configuration[])[],
  answers: number,
): readonly StageConfigurations[] {
  for (const [stage, configurations] of stages.entries()) checkStage(configurations, stage)
  const timeUnit = exactUnit(stages.map((own) => Math.max(...own.map(({ timeMs }) => timeMs))))
  const costUnit = exactUnit(stages.map((own) => Math.max(...own.map(({ cost }) => cost))))
  return stages.map((own) => {
    const onGrid = own.map(({ timeMs, cost }, given) => ({
      // Upwards, so that no path is longer than it says.
      timeMs: Math.ceil(timeMs / timeUnit) * timeUnit,
      cost: Math.round(cost / costUnit) * costUnit,
      given,
    }))
    const sorted = onGrid.toSorted((a, b) => a.timeMs - b.timeMs || a.cost - b.cost || a.given - b.given)
    const kept = withoutDominated(sorted, answers)
    return {
      times: Float64Array.from(kept, ({ timeMs }) => timeMs),
      costs: Float64Array.from(kept, ({ cost }) => cost),
      given: Int32Array.from(kept, ({ given }) => given),
    }
  })
}

function checkStage(configurations: readonly Configuration[], stage: number): void {
  const field = `stages[${stage}]`
  if (configurations.length === 0)
    throw invalid([{ field, description: 'has no configurations; give at least one that was measured' }])
  for (const [at, { timeMs, cost }] of configurations.entries()) {
    if (!(timeMs > 0 && Number.isFinite(timeMs)))
      throw invalid([
        { field: `${field}.configurations[${at}].timeMs`, description: `${timeMs} is not positive; measure it` },
      ])
    if (!(cost >= 0 && Number.isFinite(cost)))
      throw invalid([
        { field: `${field}.configurations[${at}].cost`, description: `${cost} is not a cost; give 0 or more` },
      ])
  }
}

/**
 * Sums of several doubles depend on their order; of multiples of this unit, as large as these, they do not. So the bounds of a search
 * are exact, and equal costs are equal.
 */
function exactUnit(largest: readonly number[]): number {
  const sum = largest.reduce((total, one) => total + one, 0)
  return sum === 0 ? 1 : 2 ** (Math.ceil(Math.log2(sum)) - 50)
}

/** Of sorted ones: whoever comes before is as quick, so only costs are compared. */
function withoutDominated<C extends Configuration>(sorted: readonly C[], answers: number): readonly C[] {
  // The `answers` lowest costs so far, ascending.
  const lowest: number[] = []
  return sorted.filter(({ cost }) => {
    if (lowest.length === answers && lowest.at(-1)! <= cost) return false
    const place = lowest.findIndex((one) => one > cost)
    lowest.splice(place < 0 ? lowest.length : place, 0, cost)
    if (lowest.length > answers) lowest.pop()
    return true
  })
}

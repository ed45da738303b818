// What is compared. Every row's learning rate (and what else a strategy is tuned by) was chosen among the same rates in the
// two-region world with seed 1: the quickest to the target among those that end near their best accuracy. `--tune` repeats
// that. Two are chosen otherwise: the ideal's rate is 0.4 because over three seeds it is the better (a weak ideal would flatter
// the rest), and the outer momentum of auto is 0.7 because in three regions it is quicker than 0.5. A sum over regions has in
// effect a higher rate than a mean, so one rate for all would only compare rates.
export type Variant = {
  readonly learningRate: number
  /** As in a job file. */
  readonly sync: Readonly<Record<string, number | string>>
}

export type Row = {
  readonly name: string
  readonly title: string
  /** alone: the first region and its own data; together: all data and as many workers in the first region. */
  readonly place: 'regions' | 'alone' | 'together'
  readonly tuned: Variant
  readonly grid: readonly Variant[]
}

const rates = [0.2, 0.4, 0.8]

/** Nesterov as in the papers on DiLoCo; without it the outer step of plain SGD is a plain mean. */
const momentum = { outer_learning_rate: 0.7, outer_momentum: 0.9 }
const mild = { outer_learning_rate: 1, outer_momentum: 0.5 }

export const rows: readonly Row[] = [
  row('single', 'single region, its own data', 'alone', 0.8, [{ strategy: 'asgd' }]),
  row('ideal', 'ideal: all data in one place', 'together', 0.4, [{ strategy: 'asgd' }]),
  row('asgd', 'ASGD', 'regions', 0.2, [{ strategy: 'asgd' }]),
  row('asgd-ga-8', 'ASGD-GA f=8', 'regions', 0.4, [{ strategy: 'asgd-ga', interval: 8 }]),
  row('asgd-ga', 'ASGD-GA tuned', 'regions', 0.4, [
    { strategy: 'asgd-ga', interval: 24, mode: 'sum' },
    { strategy: 'asgd-ga', interval: 24, mode: 'mean' },
    { strategy: 'asgd-ga', interval: 8, codec: 'int8' },
  ]),
  row('model-averaging', 'model averaging', 'regions', 0.8, [{ strategy: 'model-averaging', interval: 64 }]),
  row('diloco', 'DiLoCo int8', 'regions', 0.4, [
    { strategy: 'diloco', interval: 48, codec: 'int8', ...mild },
    { strategy: 'diloco', interval: 48, codec: 'int8', ...momentum },
  ]),
  row('streaming-diloco', 'streaming DiLoCo int8', 'regions', 0.4, [
    { strategy: 'streaming-diloco', interval: 48, codec: 'int8', ...mild },
    { strategy: 'streaming-diloco', interval: 48, codec: 'int8', ...momentum },
  ]),
  row('auto', 'auto', 'regions', 0.4, [
    { strategy: 'auto', interval_min: 32, outer_learning_rate: 1, outer_momentum: 0.7 },
    { strategy: 'auto', interval_min: 32, ...mild },
    { strategy: 'auto' },
  ]),
]

/** The first way to synchronise is the tuned one. */
function row(
  name: string,
  title: string,
  place: Row['place'],
  learningRate: number,
  ways: readonly [Variant['sync'], ...Variant['sync'][]],
): Row {
  const grid = ways.flatMap((sync) => rates.map((rate) => ({ learningRate: rate, sync })))
  return { name, title, place, tuned: { learningRate, sync: ways[0] }, grid }
}

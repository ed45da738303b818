// What a job would have cost another way. A forecast of the other way is carried over to what was measured in the ratio of two
// forecasts, so that what both get wrong alike (start-up, nominal speeds) drops out, and what was done, taken as another way,
// costs exactly what it cost. Spot against on-demand needs no forecast: the same seconds have another price.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { Comparison, CostAmounts, Counterfactual, LedgerCell } from '#control-plane/model/costs.ts'
import { classNamed } from '#control-plane/model/device-class.ts'
import type { Forecast } from '#control-plane/model/plan.ts'

export type Actual = {
  readonly amounts: CostAmounts
  readonly seconds: number
}

/** Another way to do the work, as the scheduler forecasts it. */
export type OtherWay =
  | {
      readonly kind: 'forecast'
      readonly name: Counterfactual['name']
      readonly isAllowed: boolean
      readonly region: string
      readonly forecast: Forecast
      /** What was done, forecast by the same figures. */
      readonly own: Forecast
      readonly text: string
    }
  | { readonly kind: 'unknown'; readonly name: Counterfactual['name']; readonly text: string }

export function counterfactual(way: OtherWay, { amounts, seconds }: Actual): Counterfactual {
  if (way.kind === 'unknown') return unknown(way.name, way.text)
  const { own, forecast: other } = way
  // Where nothing of a kind was forecast there is no ratio: then that of the time stands in.
  const pace = own.seconds > 0 ? seconds / own.seconds : 1
  const [ownCompute, otherCompute] = [own.computeUsd + own.spotLossUsd, other.computeUsd + other.spotLossUsd]
  return withTotal(
    {
      name: way.name,
      isAllowed: way.isAllowed,
      region: way.region,
      seconds: other.seconds * pace,
      computeUsd: carriedOver(amounts.computeUsd, ownCompute, otherCompute, pace),
      egressUsd: carriedOver(amounts.egressUsd, own.egressUsd, other.egressUsd, pace),
      movementUsd: carriedOver(amounts.movementUsd, own.movementUsd, other.movementUsd, 1),
      storageUsd: carriedOver(amounts.storageUsd, own.storageUsd, other.storageUsd, pace),
      text: way.text,
    },
    amounts.totalUsd,
  )
}

/** Null for a job that used nothing of the spot market. Work that was done again for a loss would not have been. */
export function onDemand(cells: readonly LedgerCell[], index: CatalogueIndex, actual: Actual): Counterfactual | null {
  const spot = cells.filter((cell) => cell.kind === 'device-seconds' && classNamed(cell.subject).market === 'spot')
  if (spot.length === 0) return null
  let computeUsd = actual.amounts.computeUsd
  let redoneSeconds = 0
  for (const cell of spot) {
    const price = index.price(cell.region, { ...classNamed(cell.subject), market: 'on-demand' })
    if (price === null) {
      const text = `${cell.subject} has no on-demand price in ${cell.region} in catalogue ${index.catalogue.version}`
      return unknown('on-demand', text)
    }
    const isRedone = cell.purpose === 'redo'
    if (isRedone) redoneSeconds += cell.quantity
    computeUsd += (isRedone ? 0 : (cell.quantity * price.usdPerUnitHour) / 3600) - cell.amountUsd
  }
  const { egressUsd, movementUsd, storageUsd, totalUsd } = actual.amounts
  const redone = redoneSeconds > 0 ? `, without the ${Math.round(redoneSeconds)} device-seconds of work done again` : ''
  const text = `the same devices at their on-demand prices${redone}`
  const figures = { seconds: actual.seconds, computeUsd, egressUsd, movementUsd, storageUsd, text }
  return withTotal({ name: 'on-demand', isAllowed: true, region: '', ...figures }, totalUsd)
}

/** Null for a job that used GPUs whole. The same time on the same GPUs, paid for as if nobody else had been on them. */
export function exclusive(cells: readonly LedgerCell[], actual: Actual): Counterfactual | null {
  const shared = cells.filter(({ leftSeconds }) => leftSeconds > 0)
  if (shared.length === 0) return null
  const whole = shared.reduce((sum, { quantity, leftSeconds: left }) => sum + quantity + left, 0)
  const used = shared.reduce((sum, { quantity }) => sum + quantity, 0)
  // Its price is that of the part that was used.
  const extraUsd = shared.reduce(
    (sum, { amountUsd, quantity, leftSeconds: left }) => sum + (quantity > 0 ? (amountUsd * left) / quantity : 0),
    0,
  )
  const { computeUsd, egressUsd, movementUsd, storageUsd, totalUsd } = actual.amounts
  const text = `the same GPUs for the same time, whole: ${Number((used / whole).toPrecision(2))} of each was used on average`
  const figures = { seconds: actual.seconds, egressUsd, movementUsd, storageUsd, text }
  return withTotal(
    { name: 'exclusive', isAllowed: true, region: '', computeUsd: computeUsd + extraUsd, ...figures },
    totalUsd,
  )
}

/** Each counterfactual over the jobs for which it is known, in order of name. */
export function compareJobs(
  jobs: readonly { readonly amounts: CostAmounts; readonly counterfactuals: readonly Counterfactual[] }[],
): readonly Comparison[] {
  const known = jobs.flatMap(({ amounts, counterfactuals }) =>
    counterfactuals.filter(({ isKnown }) => isKnown).map((other) => ({ other, actualUsd: amounts.totalUsd })),
  )
  return [...Map.groupBy(known, ({ other }) => other.name)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]): Comparison => {
      const totalUsd = own.reduce((sum, { other }) => sum + other.totalUsd, 0)
      const actualUsd = own.reduce((sum, each) => sum + each.actualUsd, 0)
      const forbidden = own.filter(({ other }) => !other.isAllowed).length
      return { name, jobs: own.length, forbidden, totalUsd, actualUsd, saving: savingOf(actualUsd, totalUsd) }
    })
}

/** Equal forecasts leave what was measured as it is, to the last bit. */
function carriedOver(actual: number, own: number, other: number, otherwise: number): number {
  if (own === other) return actual
  return own > 0 ? other * (actual / own) : actual + other * otherwise
}

function withTotal(way: Omit<Counterfactual, 'isKnown' | 'totalUsd' | 'saving'>, actualUsd: number): Counterfactual {
  const totalUsd = way.computeUsd + way.egressUsd + way.movementUsd + way.storageUsd
  return { ...way, isKnown: true, totalUsd, saving: savingOf(actualUsd, totalUsd) }
}

function savingOf(actualUsd: number, otherUsd: number): number {
  return otherUsd > 0 ? 1 - actualUsd / otherUsd : 0
}

function unknown(name: Counterfactual['name'], text: string): Counterfactual {
  const nothing = { seconds: 0, computeUsd: 0, egressUsd: 0, movementUsd: 0, storageUsd: 0, totalUsd: 0, saving: 0 }
  return { name, isKnown: false, isAllowed: true, region: '', ...nothing, text }
}

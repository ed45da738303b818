// A plan as a person reads it: the decision, what runs where, what is moved, how regions exchange, the forecast beside what else
// was considered, and for each region why. Pure: message in, text out.
import type { Allocation__Output } from '#proto/generated/cloudless/v1/Allocation.ts'
import type { Exchange__Output } from '#proto/generated/cloudless/v1/Exchange.ts'
import type { Partition__Output } from '#proto/generated/cloudless/v1/Partition.ts'
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import { enumWord } from '../json.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatBytes, formatCount, formatPercent, formatSeconds, formatTime, formatUsd } from '../units.ts'
import { forecastTable, isWireKnown } from './plan-forecast.ts'

export function renderPlan(plan: Plan__Output, style: Style): string {
  const blocks = [
    `${renderOutcome(plan, style)}${objectiveText(plan)}\n${originText(plan)}`,
    ...(plan.partitions.length > 0 ? [partitionTable(plan, style)] : []),
    ...(plan.movements.length > 0 ? [movementTable(plan, style)] : []),
    ...(plan.exchange === null ? [] : [`regions exchange ${exchangeText(plan.exchange)}`]),
    ...(plan.forecast === null && plan.alternatives.length === 0 ? [] : [forecastTable(plan, style)]),
    ...(plan.bound === null || plan.forecast === null ? [] : [boundText(plan)]),
    ...(plan.reasons.length > 0 ? [reasonTable(plan, style)] : []),
  ]
  return blocks.join('\n\n')
}

/** Two lines: what runs where, and what that comes to. */
export function renderPlanBriefly(plan: Plan__Output, style: Style): string {
  const { forecast, forecastUseEverything: everything } = plan
  if (plan.partitions.length === 0 || forecast === null) {
    return `${renderOutcome(plan, style)}\n${plan.reasons.map(({ text }) => text).join('; ')}`
  }
  const places = plan.partitions.map((partition) => `${placeText(partition)} ${devicesText(partition.allocations)}`)
  const saving = everything === null || everything.totalUsd <= 0 ? 0 : 1 - forecast.totalUsd / everything.totalUsd
  const figures = [
    formatSeconds(forecast.seconds),
    `${formatUsd(forecast.totalUsd)}${isWireKnown(plan) ? '' : ' without the WAN, of which nothing is known yet'}`,
    ...(saving > 0 ? [`${formatPercent(saving)} less than using everything`] : []),
    ...(plan.bound === null ? [] : [boundText(plan)]),
  ]
  return `${renderOutcome(plan, style)}: ${places.join('; ')}\n${figures.join(', ')}`
}

function renderOutcome({ outcome }: Plan__Output, style: Style): string {
  const word = enumWord(outcome)
  const colour = word === 'placed' ? style.green : word === 'waiting' ? style.yellow : style.red
  return colour(word)
}

/** The policy, and what it was to find. */
export function objectiveText({ policy, objective }: Plan__Output): string {
  const by = ` by policy ${policy}`
  // Only this one weighs the objective.
  if (policy !== 'least-cost' || objective === null) return by
  switch (objective.kind) {
    case 'least-time':
      return `${by}: the fastest within the budget`
    case 'deadline':
      return `${by}: the cheapest that ends by ${formatTime(objective.deadlineMs)}`
    default:
      return `${by}: the cheapest of those within ${formatPercent(objective.slack ?? 0)} of the fastest`
  }
}

function originText({ catalogVersion, catalogHash, version, cause }: Plan__Output): string {
  const hash = catalogHash === '' ? '' : ` (${catalogHash.slice(0, 12)})`
  const why = cause === '' ? '' : `\nplan ${version}: ${cause}`
  return `prices of catalogue ${catalogVersion}${hash}${why}`
}

/** How far from the best plan this one can be. */
export function boundText({ bound }: Plan__Output): string {
  if (bound === null) return ''
  if (bound.provedOptimal) return 'proved to be the best plan'
  return `at most ${formatShare(bound.gap)} above the best possible`
}

/** Small ones with a digit, never rounded down to nothing. */
function formatShare(share: number): string {
  if (share > 0 && share < 0.0005) return '0.05 %'
  return formatPercent(share)
}

export function exchangeText({ interval, codec, fragments, hub }: Exchange__Output): string {
  const parts = [
    `every ${formatCount(interval)} ${interval === 1 ? 'step' : 'steps'}`,
    codec,
    ...(fragments > 1 ? [`${formatCount(fragments)} fragments`] : []),
    ...(hub === '' ? [] : [`contributions meet in ${hub}`]),
  ]
  return parts.join(', ')
}

/** Where a partition runs; where it is not where its name says, from where. */
export function placeText({ region, place }: Pick<Partition__Output, 'region' | 'place'>): string {
  return place === '' || place === region ? region : `${place} (for ${region})`
}

/** For example "8 × cpu, 1 × nvidia-t4@spot (g4dn.xlarge in us-east-1a)", or of shares "3 × 0.5 nvidia-t4". */
export function devicesText(allocations: readonly Allocation__Output[]): string {
  return allocations
    .map((allocation) => {
      const { units, requestMilli, smMilli } = allocation
      const onPart = smMilli > 0 ? `on ${smMilli / 10} % of ` : ''
      const share = requestMilli > 0 ? `${requestMilli / 1000} ${onPart}` : ''
      return `${units} × ${share}${deviceText(allocation)}`
    })
    .join(', ')
}

export function deviceText({ deviceModel, market, zone, instanceType }: Bought): string {
  const bought = market === 'spot' ? `${deviceModel}@spot` : deviceModel
  const where = [instanceType, ...(zone === '' ? [] : [`in ${zone}`])].filter((text) => text !== '').join(' ')
  return `${bought}${where === '' ? '' : ` (${where})`}`
}

type Bought = Pick<Allocation__Output, 'deviceModel' | 'market' | 'zone' | 'instanceType'>

function partitionTable(plan: Plan__Output, style: Style): string {
  const hasMoved = plan.partitions.some((partition) => otherData(partition).length > 0)
  return renderTable(
    [
      { head: 'region' },
      { head: 'devices' },
      ...(hasMoved ? [{ head: 'data of' }] : []),
      { head: 'samples', align: 'right' as const },
      { head: 'samples/s', align: 'right' as const },
      { head: 'USD/hour', align: 'right' as const },
    ],
    plan.partitions.map((partition) => {
      const { region, allocations, samples, dataRegions } = partition
      return [
        region === plan.bottleneckRegion ? `${placeText(partition)} (slowest)` : placeText(partition),
        devicesText(allocations),
        ...(hasMoved ? [dataRegions.join(', ')] : []),
        formatCount(samples),
        formatCount(sum(allocations.map((each) => each.units * each.samplesPerSecondPerUnit))),
        formatUsd(sum(allocations.map((each) => each.units * each.usdPerUnitHour))),
      ]
    }),
    style,
  )
}

function otherData({ place, region, dataRegions }: Partition__Output): readonly string[] {
  return dataRegions.filter((from) => from !== (place === '' ? region : place))
}

function movementTable({ movements }: Plan__Output, style: Style): string {
  return renderTable(
    [
      { head: 'data moves from' },
      { head: 'to' },
      { head: 'bytes', align: 'right' },
      { head: 'takes', align: 'right' },
      { head: 'costs', align: 'right' },
    ],
    movements.map(({ fromRegion, toRegion, bytes, seconds, usd }) => [
      fromRegion,
      toRegion,
      formatBytes(bytes),
      formatSeconds(seconds),
      formatUsd(usd),
    ]),
    style,
  )
}

/** Chosen ones first. */
function reasonTable(plan: Plan__Output, style: Style): string {
  const inOrder = [...plan.reasons.filter(({ chosen }) => chosen), ...plan.reasons.filter(({ chosen }) => !chosen)]
  return renderTable(
    [{ head: 'region' }, { head: 'chosen' }, { head: 'because' }],
    inOrder.map(({ region, chosen, text }) => [region, chosen ? style.green('yes') : 'no', text]),
    style,
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

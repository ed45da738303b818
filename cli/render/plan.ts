// A plan as a person reads it: the decision, a row per region with the reason, the forecast beside use-everything.
import type { Forecast__Output } from '#proto/generated/cloudless/v1/Forecast.ts'
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import { enumWord } from '../json.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatBytes, formatCount, formatPercent, formatSeconds, formatUsd } from '../units.ts'

export function renderPlan(plan: Plan__Output, style: Style): string {
  const outcome = enumWord(plan.outcome)
  const colour = outcome === 'placed' ? style.green : outcome === 'waiting' ? style.yellow : style.red
  const blocks = [`${colour(outcome)} by policy ${plan.policy}, prices of catalogue ${plan.catalogVersion}`]
  if (plan.partitions.length > 0) blocks.push(partitionTable(plan, style))
  if (plan.reasons.length > 0) blocks.push(reasonTable(plan, style))
  if (plan.forecast !== null)
    blocks.push(forecastTable(plan.forecast, plan.forecastUseEverything, plan.partitions.length, style))
  return blocks.join('\n\n')
}

function partitionTable(plan: Plan__Output, style: Style): string {
  return renderTable(
    [
      { head: 'region' },
      { head: 'devices' },
      { head: 'samples', align: 'right' },
      { head: 'samples/s', align: 'right' },
      { head: 'USD/hour', align: 'right' },
    ],
    plan.partitions.map(({ region, allocations, samples }) => [
      region === plan.bottleneckRegion ? `${region} (slowest)` : region,
      allocations.map(({ units, deviceModel }) => `${units} × ${deviceModel}`).join(', '),
      formatCount(samples),
      formatCount(sum(allocations.map((each) => each.units * each.samplesPerSecondPerUnit))),
      formatUsd(sum(allocations.map((each) => each.units * each.usdPerUnitHour))),
    ]),
    style,
  )
}

function reasonTable(plan: Plan__Output, style: Style): string {
  return renderTable(
    [{ head: 'region' }, { head: 'chosen' }, { head: 'because' }],
    plan.reasons.map(({ region, chosen, text }) => [region, chosen ? style.green('yes') : 'no', text]),
    style,
  )
}

function forecastTable(
  chosen: Forecast__Output,
  everything: Forecast__Output | null,
  regions: number,
  style: Style,
): string {
  // The size of the model is measured in the function's first run.
  const isWireKnown = regions < 2 || chosen.wanBytes > 0
  const row = (name: string, forecast: Forecast__Output): string[] => [
    name,
    formatSeconds(forecast.seconds),
    formatUsd(forecast.computeUsd),
    isWireKnown ? formatBytes(forecast.wanBytes) : 'unknown',
    isWireKnown ? formatUsd(forecast.egressUsd) : 'unknown',
    formatUsd(forecast.totalUsd),
    forecast.throughputSource,
  ]
  const table = renderTable(
    [
      { head: 'forecast' },
      { head: 'time', align: 'right' },
      { head: 'compute', align: 'right' },
      { head: 'WAN', align: 'right' },
      { head: 'egress', align: 'right' },
      { head: 'total', align: 'right' },
      { head: 'throughput' },
    ],
    [row('this plan', chosen), ...(everything === null ? [] : [row('use everything', everything)])],
    style,
  )
  const note = isWireKnown
    ? ''
    : '\nWAN traffic and egress are known after the first run of this function; the total is compute alone'
  if (everything === null || everything.totalUsd <= 0) return `${table}${note}`
  return `${table}${note}\nsaving ${formatPercent(1 - chosen.totalUsd / everything.totalUsd)}`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

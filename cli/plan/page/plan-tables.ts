// The tables of a plan's page: all that its map shows, and why.
import type { Forecast__Output } from '#proto/generated/cloudless/v1/Forecast.ts'
import { html, type Html } from '../../report/page/html.ts'
import { table, type Column } from '../../report/page/table.ts'
import { deviceText, devicesText, placeText } from '../../render/plan.ts'
import { isWireKnown } from '../../render/plan-forecast.ts'
import { formatBytes, formatCount, formatSeconds, formatUsd } from '../../units.ts'
import type { PlanAnswer } from '../answer.ts'

export function partitionTable({ plan }: PlanAnswer): Html {
  if (plan.partitions.length === 0) return html`<p>Nothing would run now; the regions below say why.</p>`
  const columns: readonly Column[] = [
    { head: 'region' },
    { head: 'devices' },
    { head: 'data of', kind: 'wide' },
    { head: 'samples', kind: 'number' },
    { head: 'samples/s', kind: 'number' },
    { head: 'USD/hour', kind: 'number' },
  ]
  const rows = plan.partitions.map((partition) => {
    const { region, allocations, dataRegions, samples } = partition
    const sum = (of: (each: (typeof allocations)[number]) => number): number =>
      allocations.reduce((total, each) => total + each.units * of(each), 0)
    return {
      cells: [
        region === plan.bottleneckRegion ? `${placeText(partition)} (slowest)` : placeText(partition),
        devicesText(allocations),
        dataRegions.join(', '),
        formatCount(samples),
        formatCount(sum((each) => each.samplesPerSecondPerUnit)),
        formatUsd(sum((each) => each.usdPerUnitHour)),
      ],
    }
  })
  return table('What runs where', columns, rows)
}

export function linkTable({ linkUses, plan }: PlanAnswer): Html {
  if (linkUses.length === 0) {
    const why = isWireKnown(plan)
      ? 'Nothing crosses the WAN.'
      : 'What crosses the WAN is known after the first run of this function.'
    return html`<p class="dim">${why}</p>`
  }
  const columns: readonly Column[] = [
    { head: 'from' },
    { head: 'to' },
    { head: 'for' },
    { head: 'bytes', kind: 'number' },
    { head: 'costs', kind: 'number' },
    { head: 'Mbit/s', kind: 'number' },
    { head: 'round trip', kind: 'number' },
  ]
  const rows = linkUses.map(({ fromRegion, toRegion, purpose, bytes, usd, mbitPerSecond, roundTripMs }) => ({
    cells: [
      fromRegion,
      toRegion,
      purpose === 'data' ? 'training data' : 'synchronisation',
      formatBytes(bytes),
      formatUsd(usd),
      formatCount(mbitPerSecond),
      `${formatCount(roundTripMs)} ms`,
    ],
  }))
  return table('What crosses the WAN', columns, rows)
}

export function forecastTable({ plan }: PlanAnswer): Html {
  const { forecast, forecastUseEverything: everything, alternatives } = plan
  const isListed = alternatives.some(({ name }) => name === 'use-everything')
  const all = [
    ...(forecast === null ? [] : [{ name: 'this plan', forecast, text: '' }]),
    ...(isListed || everything === null ? [] : [{ name: 'use-everything', forecast: everything, text: '' }]),
    ...alternatives,
  ]
  if (all.length === 0) return html`<p class="dim">There is no forecast.</p>`
  const isKnown = isWireKnown(plan)
  const columns: readonly Column[] = [
    { head: 'plan' },
    ...['time', 'compute', 'egress', 'moving data', 'storage', 'spot loss', 'total', 'WAN'].map((head): Column => ({
      head,
      kind: 'number',
    })),
    { head: 'compared', kind: 'wide' },
  ]
  const cellsOf = (each: Forecast__Output | null): readonly string[] =>
    each === null
      ? Array<string>(8).fill('-')
      : [
          formatSeconds(each.seconds),
          formatUsd(each.computeUsd),
          isKnown ? formatUsd(each.egressUsd) : 'unknown',
          formatUsd(each.movementUsd),
          formatUsd(each.storageUsd),
          formatUsd(each.spotLossUsd),
          formatUsd(each.totalUsd),
          isKnown ? formatBytes(each.wanBytes) : 'unknown',
        ]
  return table(
    'Forecast and alternatives',
    columns,
    all.map(({ name, forecast: each, text }) => ({ cells: [name, ...cellsOf(each), text] })),
  )
}

export function reasonTable({ plan }: PlanAnswer): Html {
  const columns: readonly Column[] = [
    { head: 'region' },
    { head: 'chosen' },
    { head: 'rule' },
    { head: 'because', kind: 'wide' },
  ]
  const inOrder = [...plan.reasons.filter(({ chosen }) => chosen), ...plan.reasons.filter(({ chosen }) => !chosen)]
  const rows = inOrder.map(({ region, chosen, rule, text }) => ({
    cells: [region === '' ? 'all' : region, chosen ? 'yes' : 'no', rule, text],
  }))
  return table('Every region that was considered', columns, rows)
}

export function differenceTable({ differences }: PlanAnswer): Html {
  if (differences.length === 0) return html`<p>The plan would be the same.</p>`
  const columns: readonly Column[] = [
    { head: 'what differs' },
    { head: 'without', kind: 'wide' },
    { head: 'with', kind: 'wide' },
    { head: 'change', kind: 'number' },
  ]
  const rows = differences.map(({ what, before, after, change }) => ({ cells: [what, before, after, change] }))
  return table('What differs', columns, rows)
}

/** What was free when it was decided. */
export function capacityTable({ input }: PlanAnswer): Html {
  const columns: readonly Column[] = [
    { head: 'region' },
    { head: 'agent' },
    { head: 'units free of all', kind: 'wide' },
  ]
  const rows = (input?.capacity ?? []).map(({ region, connected, classes }) => ({
    cells: [
      region,
      connected ? 'connected' : 'lost',
      classes.map((each) => `${each.unitsFree} of ${each.unitsTotal} ${deviceText(each)}`).join(', '),
    ],
  }))
  return table('Capacity', columns, rows)
}

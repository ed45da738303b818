// The cost report: what each region and each link cost, and what using everything would have cost.
import type { CostReport__Output } from '#proto/generated/cloudless/v1/CostReport.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatBytes, formatCount, formatPercent, formatSeconds, formatUsd } from '../units.ts'

export function renderCost(report: CostReport__Output, style: Style): string {
  const blocks = [
    `${style.bold(report.jobId)}  ${report.isFinal ? 'final' : style.yellow('so far')}, ${formatSeconds(report.seconds)}, ` +
      `prices of catalogue ${report.catalogVersion} (${report.catalogHash.slice(0, 12)})`,
    regionTable(report, style),
  ]
  if (report.links.length > 0) blocks.push(linkTable(report, style))
  blocks.push(comparison(report, style))
  return blocks.join('\n\n')
}

function regionTable(report: CostReport__Output, style: Style): string {
  const bytes = report.regions.reduce((total, region) => total + region.wanBytesSent, 0)
  const seconds = report.regions.reduce((total, region) => total + region.deviceSeconds, 0)
  return renderTable(
    [
      { head: 'region' },
      { head: 'device-seconds', align: 'right' },
      { head: 'compute', align: 'right' },
      { head: 'sent', align: 'right' },
      { head: 'egress', align: 'right' },
      { head: 'total', align: 'right' },
    ],
    [
      ...report.regions.map((region) => [
        region.region,
        formatCount(region.deviceSeconds),
        formatUsd(region.computeUsd),
        formatBytes(region.wanBytesSent),
        formatUsd(region.egressUsd),
        formatUsd(region.totalUsd),
      ]),
      [
        'total',
        formatCount(seconds),
        formatUsd(report.computeUsd),
        formatBytes(bytes),
        formatUsd(report.egressUsd),
        formatUsd(report.totalUsd),
      ].map((cell) => style.bold(cell)),
    ],
    style,
  )
}

function linkTable(report: CostReport__Output, style: Style): string {
  return renderTable(
    [
      { head: 'from' },
      { head: 'to' },
      { head: 'bytes', align: 'right' },
      { head: 'USD/GB', align: 'right' },
      { head: 'egress', align: 'right' },
    ],
    report.links.map((link) => [
      link.fromRegion,
      link.toRegion,
      formatBytes(link.bytes),
      formatUsd(link.usdPerGb),
      formatUsd(link.egressUsd),
    ]),
    style,
  )
}

function comparison(report: CostReport__Output, style: Style): string {
  const rows: string[][] = []
  if (report.forecast !== null) {
    rows.push(['forecast of this plan', formatSeconds(report.forecast.seconds), formatUsd(report.forecast.totalUsd)])
  }
  if (report.forecastUseEverything !== null) {
    const { seconds, totalUsd } = report.forecastUseEverything
    rows.push(['forecast of use-everything', formatSeconds(seconds), formatUsd(totalUsd)])
  }
  rows.push(
    ['use-everything at this run’s seconds', formatSeconds(report.seconds), formatUsd(report.useEverythingUsd)],
    ['this run', formatSeconds(report.seconds), formatUsd(report.totalUsd)],
  )
  const table = renderTable(
    [{ head: 'compared' }, { head: 'time', align: 'right' }, { head: 'cost', align: 'right' }],
    rows,
    style,
  )
  return `${table}\nsaving against use-everything ${style.bold(formatPercent(report.saving))}`
}

// The charts' places in the page: a heading, what they show in words, and the numbers as a table for whoever sees no
// chart.
import { formatBytes, formatFigure, formatSeconds } from '../../units.ts'
import { reportConfig } from '../config.ts'
import { thin, type Curve } from '../curves.ts'
import type { JobReport } from '../job-report.ts'
import { html, jsonBlock, type Html } from './html.ts'

type Chart = {
  readonly id: string
  readonly title: string
  readonly unit: 'figure' | 'bytes'
  readonly curves: readonly Curve[]
}

export function chartFigures(report: JobReport): Html {
  const charts = chartsOf(report)
  if (charts.length === 0)
    return html`<p class="dim">No round and no evaluation was reported, so there is no curve.</p>`
  const names = report.regions.map(({ region }) => region)
  const data = charts.map(({ id, unit, curves }) => ({
    id,
    unit,
    curves: curves.map(({ name, points }) => ({ name, points, colour: Math.max(0, names.indexOf(name)) })),
  }))
  return html`<div class="charts">${charts.map(figure)}</div>
    ${jsonBlock('chart-data', data)}`
}

export function hasCharts(report: JobReport): boolean {
  return chartsOf(report).length > 0
}

function chartsOf({ lossCurves, metricCharts, wanCurves }: JobReport): readonly Chart[] {
  const all: readonly Chart[] = [
    { id: 'chart-loss', title: 'Training loss', unit: 'figure', curves: lossCurves },
    ...metricCharts.map(({ metric, curves }, i): Chart => {
      return { id: `chart-metric-${i}`, title: `${metric}, on held-out data`, unit: 'figure', curves }
    }),
    { id: 'chart-wan', title: 'Bytes sent over the WAN so far', unit: 'bytes', curves: wanCurves },
  ]
  return all.filter(({ curves }) => curves.length > 0)
}

function figure({ id, title, unit, curves }: Chart): Html {
  const format = unit === 'bytes' ? formatBytes : formatFigure
  const ends = curves.map(({ name, points }) => `${name} ${format(points.at(-1)?.[1] ?? Number.NaN)}`).join(', ')
  return html`<figure>
    <h3>${title}</h3>
    <div class="chart" id="${id}" role="img" aria-label="${title} over time; at the end ${ends}">
      <noscript>The chart needs JavaScript; the table below has its numbers.</noscript>
    </div>
    <figcaption>At the end: ${ends}.</figcaption>
    <details>
      <summary>${title} as a table</summary>
      ${curves.map((curve) => curveTable(curve, title, format))}
    </details>
  </figure> `
}

function curveTable({ name, points }: Curve, title: string, format: (value: number) => string): Html {
  const rows = thin(points, reportConfig.tableRowsMax)
  return html`<table>
    <caption>
      ${name}
    </caption>
    <thead>
      <tr>
        <th scope="col">after</th>
        <th scope="col" class="number">${title}</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        ([seconds, value]) =>
          html`<tr>
            <td>${formatSeconds(seconds)}</td>
            <td class="number">${format(value)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

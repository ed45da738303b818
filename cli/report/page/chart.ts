// A chart's place in a page: a heading, what it shows in words, and the numbers as a table for whoever sees no chart. The data of
// all charts of a page lies in one block, from which charts.js draws them.
import { formatBytes, formatFigure, formatSeconds } from '../../units.ts'
import { reportConfig } from '../config.ts'
import { thin, type Curve } from '../curves.ts'
import { html, jsonBlock, type Html } from './html.ts'

export type Chart = {
  readonly id: string
  readonly title: string
  /** Or a currency in capital letters. */
  readonly unit: string
  readonly curves: readonly Curve[]
}

/** `names` give curves their colours: the same one in all charts. */
export function chartsFigure(charts: readonly Chart[], names: readonly string[]): Html {
  const data = charts.map(({ id, unit, curves }) => ({
    id,
    unit,
    curves: curves.map(({ name, points }) => ({ name, points, colour: Math.max(0, names.indexOf(name)) })),
  }))
  return html`<div class="charts">${charts.map(figure)}</div>
    ${jsonBlock('chart-data', data)}`
}

function figure({ id, title, unit, curves }: Chart): Html {
  const format = formatIn(unit)
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

function formatIn(unit: string): (value: number) => string {
  if (unit === 'bytes') return formatBytes
  return unit === 'figure' ? formatFigure : (value) => `${Number(value.toPrecision(4))} ${unit}`
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

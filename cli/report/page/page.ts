// A job's report as one page that loads nothing: style, data and charts are inside.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import {
  formatBytes,
  formatCount,
  formatFigure,
  formatPercent,
  formatSeconds,
  formatTime,
  formatUsd,
} from '../../units.ts'
import type { JobReport } from '../job-report.ts'
import { cards } from './cards.ts'
import { chartFigures, hasCharts } from './chart-figures.ts'
import { renderFrame } from './frame.ts'
import { html, type Html } from './html.ts'
import { costTables, happeningTable, regionTable, roundTable } from './tables.ts'
import { table } from './table.ts'
import { timelineFigure } from './timeline-figure.ts'

export type PageAssets = { readonly style: string; readonly scripts: readonly string[] }

/** Our own files and uPlot's (MIT), which carries its licence line. */
export async function readAssets(): Promise<PageAssets> {
  const require = createRequire(import.meta.url)
  const read = (path: string): Promise<string> => readFile(path, 'utf8')
  const [plot, plotStyle, charts, style] = await Promise.all([
    read(require.resolve('uplot/dist/uPlot.iife.min.js')),
    read(require.resolve('uplot/dist/uPlot.min.css')),
    read(join(import.meta.dirname, 'charts.js')),
    read(join(import.meta.dirname, 'page.css')),
  ])
  return { style: `${plotStyle}\n${style}`, scripts: [plot, charts] }
}

export function renderPage(report: JobReport, rounds: readonly Round__Output[], assets: PageAssets): string {
  const scripts = hasCharts(report) ? assets.scripts : []
  const body = html`
    ${head(report)}
    <main>
      <section>
        <h2>Over time</h2>
        ${chartFigures(report)}
      </section>
      <section>
        <h2>Who took part when</h2>
        ${timelineFigure(report)}
      </section>
      ${planSection(report)}
      <section>
        <h2>Regions</h2>
        ${regionTable(report)}
      </section>
      <section>
        <h2>What happened</h2>
        ${happeningTable(report)}
      </section>
      <section>
        <h2>Cost</h2>
        ${costText(report)}${costTables(report)}
      </section>
      <section>
        <h2>Rounds</h2>
        <details>
          <summary>The newest records of ${formatCount(rounds.length)}</summary>
          ${roundTable(rounds)}
        </details>
      </section>
    </main>
    <footer>
      Times are since the start of the job. Several rounds that were merged show as a range; their bytes and seconds are
      sums.
    </footer>
  `
  const title = `${report.name} ${report.jobId}: ${report.verdict.text}`
  return renderFrame({ title, style: assets.style, scripts, body })
}

function planSection({ plan }: JobReport): Html | null {
  if (plan.length === 0) return null
  const rows = plan.map(({ title, text, isTrouble }) => ({ cells: [title, text], isTrouble: isTrouble === true }))
  return html`<section>
    <h2>Plan</h2>
    ${table('The plan', [{ head: 'what' }, { head: 'how', kind: 'wide' }], rows)}
  </section>`
}

function head(report: JobReport): Html {
  const { verdict } = report
  const notes =
    verdict.notes.length === 0
      ? null
      : html`<ul>
          ${verdict.notes.map((note) => html`<li>${note}</li>`)}
        </ul>`
  return html`<header>
    <h1>${report.name}</h1>
    <p class="dim"><code>${report.jobId}</code>, ${report.strategy}, started ${formatTime(report.startedAtMs)}</p>
    <div class="verdict ${verdict.kind}"><strong>${sentence(verdict.text)}</strong>${notes}</div>
    ${cards(figures(report))}
  </header>`
}

function figures(report: JobReport): readonly (readonly [string, string])[] {
  return [
    ...Object.entries(report.evaluation)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, formatFigure(value)] as const),
    ['loss', formatFigure(report.loss)],
    ['time', formatSeconds(report.seconds)],
    ...(report.resumptions > 0
      ? [['resumed', `${formatCount(report.resumptions)} x, ${formatSeconds(report.idleSeconds)} idle`] as const]
      : []),
    ['cost', formatUsd(report.cost.totalUsd)],
    ['sent over the WAN', formatBytes(report.wanBytes)],
    ['rounds', formatCount(report.rounds)],
    ['waited for the WAN', formatPercent(report.stallShare)],
    ['samples used', formatPercent(report.fraction)],
  ]
}

function costText({ cost }: JobReport): Html {
  const saving = cost.useEverythingUsd > 0 ? `, ${formatPercent(cost.saving)} less than using everything` : ''
  const state = cost.isFinal ? '' : ' so far'
  return html`<p>
    ${formatUsd(cost.totalUsd)}${state}: compute ${formatUsd(cost.computeUsd)}, egress
    ${formatUsd(cost.egressUsd)}${saving}. Prices of catalogue ${cost.catalogVersion}.
  </p>`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

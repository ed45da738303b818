// A replay of serving as one page that loads nothing: policies beside each other, load and GPUs over time, functions, what was done.
import type { ServingReport, ServingRun, ServingSight } from '#physical-plane/serving/replay/replay-report.ts'
import {
  functionColumns,
  functionRow,
  pipelineColumns,
  pipelineRow,
  servingFigures,
  servingHead,
} from '../render/serving-simulation.ts'
import { formatCount, formatSeconds } from '../units.ts'
import { bars } from './page/bars.ts'
import { cards } from './page/cards.ts'
import { chartsFigure, type Chart } from './page/chart.ts'
import { renderFrame } from './page/frame.ts'
import { html, type Html } from './page/html.ts'
import type { PageAssets } from './page/page.ts'
import { table } from './page/table.ts'

const happeningsShown = 60

export function renderServingPage(report: ServingReport, assets: PageAssets): string {
  const { name, runs, seeds } = report
  const body = html`<header>
      <h1>${name}</h1>
      <p class="dim">${servingHead(report)}, replayed on virtual time</p>
      ${cards(firstFigures(runs))}
    </header>
    <main>
      <section>
        <h2>Policies</h2>
        ${comparison(runs)}
      </section>
      <section>
        <h2>Over time</h2>
        ${chartsFigure(
          chartsOf(runs),
          runs.map(({ policy }) => policy),
        )}
      </section>
      ${runs.map(runSection)}
    </main>
    <footer>
      Replayed with ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}: the same scenario gives the same page.
      A GPU-second is a share of a GPU, its multiprocessors times its time, for as long as it is guaranteed, or used
      where that is more. Curves and what was done are of the first seed.
    </footer>`
  return renderFrame({ title: `Serving: ${name}`, style: assets.style, scripts: assets.scripts, body })
}

function firstFigures(runs: readonly ServingRun[]): readonly (readonly [string, string])[] {
  const [first] = runs
  if (first === undefined) return []
  const of = runs.length === 1 ? '' : ` (${first.policy})`
  return servingFigures.filter((_, i) => [0, 3, 4].includes(i)).map(([title, text]) => [`${title}${of}`, text(first)])
}

function comparison(runs: readonly ServingRun[]): Html {
  const columns = [{ head: 'figure' }, ...runs.map(({ policy }) => ({ head: policy, kind: 'number' as const }))]
  const rows = servingFigures.map(([title, of]) => ({ cells: [title.trim(), ...runs.map(of)] }))
  const seconds = runs.map(({ policy, all }) => ({ name: policy, value: all.gpuSeconds }))
  const missed = runs.map(({ policy, all }) => ({ name: policy, value: 100 * all.violationShare }))
  return html`${table('Figures by policy', columns, rows)}
  ${
    runs.length > 1
      ? html`<h3>Missed by policy</h3>
          ${bars(missed, (value) => `${value.toFixed(2)} %`)}
          <h3>GPU-seconds by policy</h3>
          ${bars(seconds, (value) => formatCount(Math.round(value)))}`
      : null
  }`
}

function chartsOf(runs: readonly ServingRun[]): readonly Chart[] {
  const of = (figure: (sight: ServingSight) => number): Chart['curves'] =>
    runs.map(({ policy, sights }) => ({
      name: policy,
      points: sights.map((sight) => [sight.atSeconds, figure(sight)] as const),
    }))
  const [first] = runs
  const load = (first?.sights ?? []).map((sight) => [sight.atSeconds, sight.requestsPerSecond] as const)
  return [
    { id: 'chart-load', title: 'Requests a second', unit: 'a second', curves: [{ name: 'load', points: load }] },
    { id: 'chart-gpus', title: 'GPUs guaranteed', unit: 'GPUs', curves: of(({ gpus }) => gpus) },
    { id: 'chart-instances', title: 'Instances', unit: 'instances', curves: of(({ instances }) => instances) },
    { id: 'chart-queued', title: 'Requests that wait', unit: 'requests', curves: of(({ queued }) => queued) },
  ]
}

function runSection({ policy, functions, pipelines, happenings }: ServingRun): Html {
  const columns = functionColumns.map((head, i) => (i === 0 ? { head } : { head, kind: 'number' as const }))
  const stagesColumns = pipelineColumns.map((head, i) => (i === 0 ? { head } : { head, kind: 'number' as const }))
  const endToEnd = pipelines.map((one) => ({ cells: pipelineRow(one) }))
  const rows = functions.map((one) => ({ cells: functionRow(one) }))
  const told = happenings.slice(0, happeningsShown).map(({ atSeconds, function: name, what, because }) => ({
    cells: [formatSeconds(atSeconds), name, what, because],
  }))
  const heads = [{ head: 'after' }, { head: 'function' }, { head: 'done' }, { head: 'because', kind: 'wide' as const }]
  return html`<section>
    <h2>${policy}</h2>
    ${table(`Functions under ${policy}`, columns, rows)}
    ${endToEnd.length === 0 ? null : table(`Pipelines under ${policy}`, stagesColumns, endToEnd)}
    ${
      told.length === 0
        ? null
        : html`<details>
            <summary>What was done first, and why</summary>
            ${table(`What ${policy} did first`, heads, told)}
          </details>`
    }
  </section>`
}

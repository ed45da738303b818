// A simulation as one page that loads nothing: policies beside each other, the fleet over time, units and regions.
import type { RunReport, SightRow, SimulationReport, UseRow } from '#control-plane/simulation/simulation-report.ts'
import { figures } from '../render/simulation.ts'
import { formatBytes, formatCount, formatPercent, formatSeconds, formatUsd } from '../units.ts'
import { bars } from './page/bars.ts'
import { cards } from './page/cards.ts'
import { chartsFigure, type Chart } from './page/chart.ts'
import { renderFrame } from './page/frame.ts'
import { html, type Html } from './page/html.ts'
import type { PageAssets } from './page/page.ts'
import { table } from './page/table.ts'

export function renderSimulationPage(report: SimulationReport, assets: PageAssets): string {
  const { name, runs } = report
  const policies = runs.map(({ policy }) => policy)
  const body = html`${head(report)}
    <main>
      <section>
        <h2>Policies</h2>
        ${comparison(runs)}
      </section>
      <section>
        <h2>Over time</h2>
        ${chartsFigure(chartsOf(runs), policies)}
      </section>
      ${runs.map(runSection)}
    </main>
    <footer>
      Simulated on virtual time with seed ${report.seed} and catalogue ${report.catalogVersion} (${report.catalogHash}):
      the same scenario, seed and catalogue give the same page. Units are GPUs or CPUs; amounts are USD.
    </footer>`
  return renderFrame({ title: `Simulation of ${name}`, style: assets.style, scripts: assets.scripts, body })
}

function head(report: SimulationReport): Html {
  return html`<header>
    <h1>${report.name}</h1>
    <p class="dim">
      ${formatCount(report.arrivals)} jobs in ${formatSeconds(report.lengthSeconds)} on ${formatCount(report.units)}
      units in ${formatCount(report.regions)} regions, simulated
    </p>
    ${cards(cheapest(report.runs))}
  </header>`
}

/** Of the policy under which everything cost least. */
function cheapest(runs: readonly RunReport[]): readonly (readonly [string, string])[] {
  const best = runs.toSorted((a, b) => a.cost.totalUsd - b.cost.totalUsd)[0]
  if (best === undefined) return []
  const of = runs.length === 1 ? '' : ` (${best.policy})`
  return [
    [`cost${of}`, formatUsd(best.cost.totalUsd)],
    [`waiting, median${of}`, formatSeconds(best.waiting.p50)],
    [`units in use${of}`, formatPercent(best.utilisation.share)],
    [`sent over the WAN${of}`, formatBytes(best.cost.egressBytes)],
  ]
}

function comparison(runs: readonly RunReport[]): Html {
  const columns = [{ head: 'figure' }, ...runs.map(({ policy }) => ({ head: policy, kind: 'number' as const }))]
  const rows = figures.map(([name, of]) => ({ cells: [name.trim(), ...runs.map(of)] }))
  const costs = runs.map(({ policy, cost }) => ({ name: policy, value: cost.totalUsd }))
  return html`${table('Figures by policy', columns, rows)}
  ${
    runs.length > 1
      ? html`<h3>Cost by policy</h3>
          ${bars(costs, formatUsd)}`
      : null
  }`
}

function chartsOf(runs: readonly RunReport[]): readonly Chart[] {
  const chart = (id: string, title: string, unit: string, of: (sight: SightRow) => number): Chart => ({
    id,
    title,
    unit,
    curves: runs.map(({ policy, sights }) => ({
      name: policy,
      points: sights.map((sight) => [sight.atSeconds, of(sight)] as const),
    })),
  })
  return [
    chart('chart-in-use', 'Units in use', 'units', ({ unitsInUse }) => unitsInUse),
    chart('chart-there', 'Units that are there', 'units', ({ unitsThere }) => unitsThere),
    chart('chart-waiting', 'Jobs that wait', 'jobs', ({ waiting }) => waiting),
    chart('chart-running', 'Jobs that run', 'jobs', ({ running }) => running),
  ]
}

function runSection({ policy, utilisation, cost, jobs }: RunReport): Html {
  const regions = cost.byRegion.map(({ region, computeUsd, egressUsd }) => ({
    name: region,
    value: computeUsd + egressUsd,
  }))
  const refusals = jobs.refusals.map((text) => html`<li>${text}</li>`)
  return html`<section>
    <h2>${policy}</h2>
    <h3>Use by device</h3>
    ${useTable(`Use by device under ${policy}`, utilisation.byClass)}
    <h3>Cost by region</h3>
    ${bars(
      regions.toSorted((a, b) => b.value - a.value),
      formatUsd,
    )}
    <details>
      <summary>Use by region</summary>
      ${useTable(`Use by region under ${policy}`, utilisation.byRegion)}
    </details>
    ${
      refusals.length === 0
        ? null
        : html`<h3>Jobs that could not run</h3>
            <ul>
              ${refusals}
            </ul>`
    }
  </section>`
}

function useTable(caption: string, rows: readonly UseRow[]): Html {
  const columns = [
    { head: 'units' },
    { head: 'count', kind: 'number' as const },
    { head: 'unit-hours there', kind: 'number' as const },
    { head: 'unit-hours in use', kind: 'number' as const },
    { head: 'in use', kind: 'number' as const },
  ]
  const made = rows.map(({ name, units, availableHours, busyHours, share }) => ({
    cells: [name, formatCount(units), formatCount(availableHours), formatCount(busyHours), formatPercent(share)],
  }))
  return table(caption, columns, made)
}

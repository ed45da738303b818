// A plan as one page that loads nothing and needs no script: a map, and tables that hold all that it shows.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Topology } from 'topojson-specification'
import { enumWord } from '../../json.ts'
import { renderFrame } from '../../report/page/frame.ts'
import { html, type Html } from '../../report/page/html.ts'
import { boundText, exchangeText, objectiveText } from '../../render/plan.ts'
import { isWireKnown } from '../../render/plan-forecast.ts'
import { formatBytes, formatPercent, formatSeconds, formatTime, formatUsd } from '../../units.ts'
import type { PlanAnswer } from '../answer.ts'
import { mapFigure } from './map-figure.ts'
import { capacityTable, differenceTable, forecastTable, linkTable, partitionTable, reasonTable } from './plan-tables.ts'
import { readLand } from './world-map.ts'

export type PlanPageAssets = { readonly style: string; readonly land: Topology }

export async function readPlanAssets(): Promise<PlanPageAssets> {
  const [style, own, land] = await Promise.all([
    readFile(join(import.meta.dirname, '../../report/page/page.css'), 'utf8'),
    readFile(join(import.meta.dirname, 'plan.css'), 'utf8'),
    readLand(),
  ])
  return { style: `${style}\n${own}`, land }
}

export function renderPlanPage(answer: PlanAnswer, whatIfs: readonly string[], assets: PlanPageAssets): string {
  const { plan, without, input } = answer
  const name = input?.spec?.name ?? 'job'
  const whatIf =
    without === null
      ? null
      : html`<section>
          <h2>What if ${whatIfs.join(', and ')}?</h2>
          ${differenceTable(answer)}
        </section>`
  const section = (title: string, content: Html): Html =>
    html`<section>
      <h2>${title}</h2>
      ${content}
    </section> `
  const body = html`${head(answer, name)}
    <main>
      ${whatIf} ${section('Where', html`${mapFigure(answer, assets.land)}${partitionTable(answer)}`)}
      ${section('What crosses the WAN', html`${exchangeLine(answer)}${linkTable(answer)}`)}
      ${section('Forecast, and what else was considered', forecastTable(answer))}
      ${section('Every region that was considered', reasonTable(answer))}
      ${section('What was free', capacityTable(answer))}
    </main>
    <footer>
      <p>
        Decided at ${formatTime(input?.decidedAtMs ?? plan.plannedAtMs)} with the prices of catalogue
        ${plan.catalogVersion} ${plan.catalogHash === '' ? '' : html`<code>${plan.catalogHash}</code>`}. Outlines of the
        land: Natural Earth.
      </p>
    </footer>`
  return renderFrame({ title: `Plan of ${name}: ${enumWord(plan.outcome)}`, style: assets.style, scripts: [], body })
}

function head(answer: PlanAnswer, name: string): Html {
  const { plan } = answer
  const outcome = enumWord(plan.outcome)
  const kind = outcome === 'placed' ? 'whole' : outcome === 'waiting' ? 'partial' : 'failed'
  const notes = [
    ...(plan.bound === null || plan.forecast === null ? [] : [sentence(boundText(plan))]),
    ...(isWireKnown(plan) ? [] : ['Nothing is known of the WAN before a first run of this function']),
    ...(plan.cause !== '' ? [`Plan ${plan.version}: ${plan.cause}`] : []),
  ]
  return html`<header>
    <h1>Plan of ${name}</h1>
    <div class="verdict ${kind}">
      <strong>${sentence(`${outcome}${objectiveText(plan)}`)}</strong>
      ${
        notes.length === 0
          ? null
          : html`<ul>
              ${notes.map((note) => html`<li>${note}</li>`)}
            </ul>`
      }
    </div>
    <dl class="cards">
      ${figures(answer).map(
        ([term, value]) =>
          html`<div>
            <dt>${term}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </header>`
}

function figures({ plan }: PlanAnswer): readonly (readonly [string, string])[] {
  const { forecast, forecastUseEverything: everything, movements, partitions } = plan
  if (forecast === null) return [['regions considered', String(plan.reasons.length)]]
  const moved = movements.reduce((sum, { bytes }) => sum + bytes, 0)
  return [
    ['time', formatSeconds(forecast.seconds)],
    ['cost', formatUsd(forecast.totalUsd)],
    ...(everything === null || everything.totalUsd <= 0
      ? []
      : [['against using everything', `-${formatPercent(1 - forecast.totalUsd / everything.totalUsd)}`] as const]),
    ['regions that train', String(partitions.length)],
    ['over the WAN', isWireKnown(plan) ? formatBytes(forecast.wanBytes) : 'unknown'],
    ...(moved > 0 ? [['data moved', formatBytes(moved)] as const] : []),
    ['speeds', forecast.throughputSource],
  ]
}

function exchangeLine({ plan: { exchange } }: PlanAnswer): Html | null {
  return exchange === null ? null : html`<p>Regions exchange ${exchangeText(exchange)}.</p>`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

// What jobs cost as one page: cost over time, groups as bars, forecasts and other ways to train beside what came, links, gaps.
import type { CostGroup__Output } from '#proto/generated/cloudless/v1/CostGroup.ts'
import type { Costs__Output } from '#proto/generated/cloudless/v1/Costs.ts'
import type { JobCost__Output } from '#proto/generated/cloudless/v1/JobCost.ts'
import { moneyIn, type Money } from '../money.ts'
import {
  comparisonTable,
  forecastTable,
  gapTable,
  groupTable,
  jobTable,
  linkTable,
  sourceTexts,
  totalRow,
  wasteShare,
  wasteText,
  wayTable,
  wayTexts,
  wayTitle,
  type CostTable,
} from '../render/cost-tables.ts'
import { formatBytes, formatCount, formatPercent, formatSeconds, formatTime } from '../units.ts'
import { bars } from './page/bars.ts'
import { cards } from './page/cards.ts'
import { chartsFigure, type Chart } from './page/chart.ts'
import { renderFrame } from './page/frame.ts'
import { html, type Html } from './page/html.ts'
import type { PageAssets } from './page/page.ts'
import { table } from './page/table.ts'

export function renderCostPage(costs: Costs__Output, assets: PageAssets): string {
  const money = moneyIn(costs.rate)
  const [first] = costs.jobs
  const job = costs.jobsTotal === 1 && first !== undefined ? first : null
  const charts = chartsOf(costs, money)
  const title = job === null ? `Cost of ${formatCount(costs.jobsTotal)} jobs` : `Cost of ${job.name}`
  const names = ['total', ...costs.groups.map(groupName)]
  const body = html`<header>
      <h1>${title}</h1>
      ${job === null ? html`<p class="dim">${hours(costs)}</p>` : jobLine(job)} ${cards(figures(costs, job, money))}
    </header>
    <main>
      ${charts.length === 0 ? null : section('Over time', chartsFigure(charts, names))}
      ${section(`By ${costs.groupBy.join(' and ')}`, groupPart(costs, money))}
      ${job === null ? jobsPart(costs, money) : jobPart(job, money)}
      ${tableSection('Months of links', linkTable(costs, money), links)}
      ${tableSection('Missing, and in no sum', gapTable(costs, money), gapNote(costs))}
    </main>
    <footer>${sourceTexts(costs, money).map((text) => html`<p>${sentence(text)}.</p>`)}</footer>`
  return renderFrame({ title, style: assets.style, scripts: charts.length > 0 ? assets.scripts : [], body })
}

const links = html`<p class="dim">A bill is of all traffic of the month so far, whosever it was.</p>`

function jobLine({ jobId, strategy, state, seconds, owner }: JobCost__Output): Html {
  const whose = owner === '' ? '' : `, owner ${owner}`
  return html`<p class="dim"><code>${jobId}</code>, ${strategy}, ${state} after ${formatSeconds(seconds)}${whose}</p>`
}

function hours({ fromMs, toMs }: Costs__Output): string {
  return fromMs > 0 ? `${formatTime(fromMs)} to ${formatTime(toMs)}` : `until ${formatTime(toMs)}`
}

function figures({ total }: Costs__Output, job: JobCost__Output | null, money: Money): (readonly [string, string])[] {
  const usd = (value: number | undefined): string => money.format(value ?? 0)
  const used = (name: string, value = 0): (readonly [string, string])[] => (value > 0 ? [[name, usd(value)]] : [])
  return [
    [job?.isFinal === false ? 'total so far' : 'total', usd(total?.totalUsd)],
    ['compute', usd(total?.computeUsd)],
    ['egress', usd(total?.egressUsd)],
    ...used('data moved', total?.movementUsd),
    ...used('storage', total?.storageUsd),
    ['compute wasted', formatPercent(wasteShare(total))],
    ['device-seconds', formatCount(total?.deviceSeconds ?? 0)],
    ['sent', formatBytes(total?.wanBytes ?? 0)],
  ]
}

function chartsOf({ points, groups, jobs }: Costs__Output, money: Money): readonly Chart[] {
  const [first] = points
  if (first === undefined || points.length < 2) return []
  const [job] = jobs
  // One job's costs begin with it.
  const startMs = jobs.length === 1 && job !== undefined && job.startedAtMs > 0 ? job.startedAtMs : first.atMs
  const begin: Chart['curves'][number]['points'] = startMs < first.atMs ? [[0, 0]] : []
  const curve = (name: string, usdAt: (point: (typeof points)[number]) => number): Chart['curves'][number] => ({
    name,
    points: [...begin, ...points.map((point) => [(point.atMs - startMs) / 1000, money.of(usdAt(point))] as const)],
  })
  const curves = groups
    .slice(0, first.groupUsd.length)
    .map((group, i) => curve(groupName(group), ({ groupUsd }) => groupUsd[i] ?? 0))
  const all = curves.length === 1 ? curves : [curve('total', ({ totalUsd }) => totalUsd), ...curves]
  return [{ id: 'chart-cost', title: 'Cost so far', unit: money.currency, curves: all }]
}

function groupName({ key }: CostGroup__Output): string {
  return key.map((each) => each || 'none').join(', ')
}

function groupPart(costs: Costs__Output, money: Money): Html {
  const groups = groupTable(costs, money)
  if (groups.rows.length === 0) return html`<p class="dim">Nothing was used.</p>`
  const named = costs.groups.map((group) => ({ name: groupName(group), value: group.amounts?.totalUsd ?? 0 }))
  const waste = wasteText(costs.total)
  return html`${bars(named, money.format)}
  ${tableOf('Cost by group', { ...groups, rows: [...groups.rows, totalRow(costs, money)] })}
  ${waste === '' ? null : html`<p>${sentence(waste)}.</p>`}`
}

function jobPart(job: JobCost__Output, money: Money): Html {
  const known = job.counterfactuals.filter((way) => way.known)
  const costs = [
    { name: 'this run', value: job.amounts?.totalUsd ?? 0 },
    ...known.map((way) => ({ name: wayTitle(way.name), value: way.totalUsd })),
  ]
  const texts = html`<ul>
    ${wayTexts(job).map((text) => html`<li>${sentence(text)}.</li>`)}
  </ul>`
  const ways = html`${
    known.length === 0 ? null : html`${bars(costs, money.format)} ${tableOf('Other ways', wayTable(job, money))}`
  }
  ${texts}`
  return html`${tableSection('Forecast and what came', forecastTable(job, money))}
  ${job.counterfactuals.length === 0 ? null : section('Other ways to train the same data', ways)}`
}

function jobsPart(costs: Costs__Output, money: Money): Html {
  const left = costs.jobsTotal - costs.jobs.length
  const more = left > 0 ? html`<p class="dim">${formatCount(left)} more are in the total.</p>` : null
  return html`${tableSection('Jobs, the dearest first', jobTable(costs, money), more)}
  ${tableSection('Other ways to train the same data', comparisonTable(costs, money))}`
}

function gapNote({ gaps, gapsTotal }: Costs__Output): Html | null {
  const left = gapsTotal - gaps.length
  return left > 0 ? html`<p class="dim">${formatCount(left)} more are not shown.</p>` : null
}

function tableSection(title: string, content: CostTable, note: Html | null = null): Html | null {
  return content.rows.length === 0 ? null : section(title, html`${tableOf(title, content)}${note}`)
}

function tableOf(caption: string, { words, numbers, rows }: CostTable): Html {
  const columns = [...words.map((head) => ({ head })), ...numbers.map((head) => ({ head, kind: 'number' as const }))]
  return table(
    caption,
    columns,
    rows.map((cells) => ({ cells })),
  )
}

function section(title: string, content: Html): Html {
  return html`<section>
    <h2>${title}</h2>
    ${content}
  </section>`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

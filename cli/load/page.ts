// A load as one page that loads nothing and needs no script: how long answers took, and what came of requests second by second.
import { renderFrame } from '../report/page/frame.ts'
import { html, type Html } from '../report/page/html.ts'
import { table } from '../report/page/table.ts'
import { formatCount, formatPercent, formatSeconds } from '../units.ts'
import type { LoadReport } from './report.ts'
import type { LoadSecond } from './run-load.ts'

const width = 720
const height = 260
const margin = { left: 64, right: 16, top: 16, bottom: 40 }
/** Of the figure by time; longer loads are joined. */
const columnsMax = 240

export function renderLoadPage(report: LoadReport, style: string): string {
  const { target, slo, due, seconds, answeredPerSecond } = report
  const verdict = slo === null ? null : `slo p${slo.percentile} ${slo.latencyMs} ms ${slo.isMet ? 'met' : 'missed'}`
  const body = html`<header>
      <h1>Load on ${target.name}</h1>
      ${verdict === null ? null : html`<div class="verdict ${slo?.isMet === true ? 'whole' : 'failed'}"><strong>${verdict}</strong>: ${formatPercent(slo?.missedShare ?? 0)} late, refused, failed or never sent</div>`}
      <p class="dim">
        ${target.region}, ${formatSeconds(seconds)}, ${formatCount(due)} requests due, ${answeredPerSecond.toFixed(1)}
        answered a second. Latencies run from when a request was due.
      </p>
    </header>
    <main>
      <section>
        <h2>How long answers took</h2>
        ${histogram(report)} ${latencyTable(report)}
      </section>
      <section>
        <h2>What came of requests</h2>
        ${overTime(report.perSecond)} ${outcomeTable(report)}
      </section>
    </main>`
  return renderFrame({ title: `Load on ${target.name}`, style, scripts: [], body })
}

function histogram({ histogram: buckets }: LoadReport): Html {
  const most = Math.max(1, ...buckets.map(({ count }) => count))
  const step = (width - margin.left - margin.right) / Math.max(1, buckets.length)
  const bars = buckets.map(({ toMs, count }, i) => {
    const tall = (count / most) * (height - margin.top - margin.bottom)
    const title = `${formatCount(count)} answers up to ${shown(toMs)} ms`
    return bar(margin.left + i * step, height - margin.bottom - tall, step * 0.9, tall, 1, title)
  })
  const every = Math.max(1, Math.ceil(buckets.length / 8))
  const labels = buckets.flatMap(({ toMs }, i) => {
    return i % every === 0 ? [label(margin.left + (i + 0.9) * step, height - 20, 'end', `${shown(toMs)} ms`)] : []
  })
  const scale = label(margin.left - 8, margin.top + 8, 'end', formatCount(most))
  return figure(`${buckets.length} buckets of latency, most ${formatCount(most)} answers in one`, [bars, labels, scale])
}

/** Answered in time full, late half, and the rest lightly. */
function overTime(seconds: readonly LoadSecond[]): Html {
  const size = Math.max(1, Math.ceil(seconds.length / columnsMax))
  const columns = Array.from({ length: Math.ceil(seconds.length / size) }, (_, i) => {
    const joined = seconds.slice(i * size, (i + 1) * size)
    const sum = (of: (second: LoadSecond) => number): number => joined.reduce((total, each) => total + of(each), 0)
    return {
      inTime: sum((each) => each.answered - each.late),
      late: sum(({ late }) => late),
      rest: sum((each) => each.refused + each.failed),
    }
  })
  const most = Math.max(1, ...columns.map(({ inTime, late, rest }) => inTime + late + rest))
  const step = (width - margin.left - margin.right) / Math.max(1, columns.length)
  const tall = (count: number): number => (count / most) * (height - margin.top - margin.bottom)
  const bars = columns.flatMap(({ inTime, late, rest }, i) => {
    const title = `second ${i * size + 1}: ${inTime} in time, ${late} late, ${rest} refused or failed`
    const x = margin.left + i * step
    const floor = height - margin.bottom
    return [
      bar(x, floor - tall(inTime), step * 0.95, tall(inTime), 1, title),
      bar(x, floor - tall(inTime + late), step * 0.95, tall(late), 0.55, title),
      bar(x, floor - tall(inTime + late + rest), step * 0.95, tall(rest), 0.2, title),
    ]
  })
  const ends = [
    label(margin.left, height - 20, 'start', '0 s'),
    label(width - margin.right, height - 20, 'end', `${seconds.length} s`),
    label(margin.left - 8, margin.top + 8, 'end', formatCount(most)),
  ]
  return html`${figure(`${seconds.length} seconds, at most ${formatCount(most)} requests in a column`, [bars, ends])}
    <p class="dim">Full: answered in time. Half: late. Light: refused, failed or never sent.</p>`
}

function figure(described: string, parts: readonly (Html | readonly Html[])[]): Html {
  return html`<figure>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${described}" width="100%">${parts.flat()}</svg>
  </figure>`
}

function bar(x: number, y: number, wide: number, tall: number, opacity: number, title: string): Html {
  const [left, top, across, down] = [x, y, wide, tall].map((value) => value.toFixed(1))
  return html`<rect
    x="${left!}"
    y="${top!}"
    width="${across!}"
    height="${down!}"
    fill="currentColor"
    opacity="${opacity}"
    ><title>${title}</title></rect
  >`
}

function label(x: number, y: number, anchor: string, text: string): Html {
  return html`<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" font-size="12" fill="currentColor"
    >${text}</text
  >`
}

function latencyTable({ latencyMs, sendDelayMs }: LoadReport): Html {
  const rows = [
    ...Object.entries(latencyMs).map(([name, value]) => ({ cells: [name.replace('_', '.'), shown(value)] })),
    { cells: ['sent late, p99', shown(sendDelayMs.p99)] },
  ]
  return table('Latency', [{ head: 'percentile' }, { head: 'ms', kind: 'number' }], rows)
}

function outcomeTable({ outcomes, unsent }: LoadReport): Html {
  const rows = [...outcomes, ...(unsent === 0 ? [] : [{ outcome: 'never sent', count: unsent }])].map((each) => {
    return { cells: [each.outcome, formatCount(each.count)], isTrouble: each.outcome !== '200' }
  })
  return table('Outcomes', [{ head: 'outcome' }, { head: 'requests', kind: 'number' }], rows)
}

function shown(ms: number): string {
  return ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)
}

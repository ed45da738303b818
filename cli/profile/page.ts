// A profile as one page that loads nothing and needs no script: the probes where they were made, and a table of them.
// Inference is a plane of multiprocessors and batch; training a curve of throughput over multiprocessors.
import { renderFrame } from '../report/page/frame.ts'
import { html, type Html } from '../report/page/html.ts'
import { table } from '../report/page/table.ts'
import { threeDigits } from './render.ts'
import type { Profiled, ShownProbe } from './run-profiler.ts'
import type { Target } from './target.ts'

const width = 720
const height = 360
const margin = { left: 64, right: 24, top: 24, bottom: 48 }

export function renderProfilePage(target: Target, found: Profiled, style: string): string {
  const { device, profile, probes } = found
  const verdict =
    profile === null
      ? found.because
      : `request ${profile.requestMilli / 10} %, limit ${profile.limitMilli / 10} % of one GPU` +
        (profile.instances > 1 ? `, ${profile.instances} instances` : '')
  const body = html`<header>
      <h1>Profile of ${target.name}</h1>
      <div class="verdict ${profile === null ? 'failed' : 'whole'}"><strong>${verdict}</strong></div>
      <p class="dim">
        ${device.model}, driver ${device.driverVersion}${device.isMps ? ', under MPS' : ''}${sloText(target)}
      </p>
    </header>
    <main>
      <section>
        <h2>Probes</h2>
        ${probes.length === 0 ? html`<p class="dim">Remembered: no probe was made for this page.</p>` : figure(target, found)}
        ${probes.length === 0 ? null : probeTable(target, probes)}
      </section>
    </main>`
  return renderFrame({ title: `Profile of ${target.name} on ${device.model}`, style, scripts: [], body })
}

function sloText({ slo }: Target): string {
  return slo === null
    ? ''
    : `; SLO ${slo.latencyMs} ms${slo.per === 'token' ? ' per token' : ''} at the ${slo.percentile}th percentile`
}

type Outcome = 'does' | 'misses' | 'no-fit'

function outcomeOf({ slo }: Target, { measurement }: ShownProbe): Outcome {
  if (measurement === null) return 'no-fit'
  return slo !== null && measurement.latencyMs > slo.latencyMs ? 'misses' : 'does'
}

const outcomeWords: Readonly<Record<Outcome, string>> = {
  does: 'meets the SLO',
  misses: 'misses the SLO',
  'no-fit': 'does not fit the memory',
}

function figure(target: Target, { probes, profile }: Profiled): Html {
  const isPlane = target.work === 'inference'
  const most = Math.max(1, ...probes.map(({ measurement }) => measurement?.throughputPerSecond ?? 0))
  const batches = [...new Set(probes.map(({ configuration }) => configuration.batch))].toSorted((a, b) => a - b)
  const x = (milli: number): number => margin.left + (milli / 1000) * (width - margin.left - margin.right)
  const up = (share: number): number => height - margin.bottom - share * (height - margin.top - margin.bottom)
  const y = ({ configuration, measurement }: ShownProbe): number => {
    if (!isPlane) return up((measurement?.throughputPerSecond ?? 0) / most)
    return up((batches.indexOf(configuration.batch) + 0.5) / batches.length)
  }
  const marks = probes.map((probe) => mark(x(probe.configuration.smMilli), y(probe), outcomeOf(target, probe)))
  const rows = isPlane
    ? batches.map((batch, index) =>
        label(margin.left - 10, up((index + 0.5) / batches.length) + 4, 'end', String(batch)),
      )
    : [0, 0.5, 1].map((share) => label(margin.left - 10, up(share) + 4, 'end', threeDigits(share * most)))
  const columns = [0, 250, 500, 750, 1000].map((milli) => label(x(milli), height - 28, 'middle', `${milli / 10} %`))
  const lines = profile === null ? [] : [line(x(profile.requestMilli), 'request'), line(x(profile.limitMilli), 'limit')]
  const described = `${probes.length} probes; across: share of the multiprocessors, upwards: ${isPlane ? 'batch' : 'steps per second'}`
  return html`<figure>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${described}" width="100%">
      ${rows} ${columns} ${lines} ${marks} ${label(margin.left - 10, 14, 'end', isPlane ? 'batch' : 'steps/s')}
      ${label(width - margin.right, height - 8, 'end', 'multiprocessors')}
    </svg>
    <figcaption>
      Filled: meets the SLO. Hollow: misses it. Cross: does not fit the memory. Lines: request and limit.
    </figcaption>
  </figure>`
}

function mark(x: number, y: number, outcome: Outcome): Html {
  const [cx, cy] = [x.toFixed(1), y.toFixed(1)]
  const title = html`<title>${outcomeWords[outcome]}</title>`
  if (outcome === 'no-fit') {
    const path = `M${(x - 5).toFixed(1)} ${(y - 5).toFixed(1)}l10 10m0 -10l-10 10`
    return html`<path d="${path}" stroke="currentColor" stroke-width="2">${title}</path>`
  }
  const fill = outcome === 'does' ? 'currentColor' : 'none'
  return html`<circle cx="${cx}" cy="${cy}" r="6" fill="${fill}" stroke="currentColor" stroke-width="2"
    >${title}</circle
  >`
}

/** Named beside itself, each in a row of its own: the two may lie close together. */
function line(x: number, name: 'request' | 'limit'): Html {
  const at = x.toFixed(1)
  return html`<line
      x1="${at}"
      x2="${at}"
      y1="${margin.top}"
      y2="${height - margin.bottom}"
      stroke="currentColor"
      stroke-dasharray="${name === 'limit' ? '2 4' : '6 4'}"
    />
    ${label(x + 4, name === 'limit' ? margin.top + 8 : margin.top - 6, 'start', name)}`
}

function label(x: number, y: number, anchor: string, text: string): Html {
  return html`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="12" fill="currentColor">
    ${text}
  </text>`
}

function probeTable(target: Target, probes: readonly ShownProbe[]): Html {
  const rows = probes.map((probe, index) => {
    const { configuration, measurement } = probe
    const outcome = outcomeOf(target, probe)
    const cells = [
      String(index + 1),
      `${configuration.smMilli / 10} %`,
      String(configuration.batch),
      measurement === null ? '' : threeDigits(measurement.latencyMs),
      measurement === null ? '' : threeDigits(measurement.throughputPerSecond),
      target.slo === null && outcome === 'does' ? 'ran' : outcomeWords[outcome],
    ]
    return { cells, isTrouble: outcome === 'no-fit' }
  })
  const columns = [
    { head: '#' },
    { head: 'SM', kind: 'number' },
    { head: 'batch', kind: 'number' },
    { head: 'ms', kind: 'number' },
    { head: 'per second', kind: 'number' },
    { head: 'outcome' },
  ] as const
  return table('Probes in the order in which they were made', columns, rows)
}

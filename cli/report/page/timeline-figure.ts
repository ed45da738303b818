// The rounds of each region along the time, as bars that differ by shape as well as by colour: full height is in, half
// height is partly in, a thin line in the middle is absent.
import { formatSeconds } from '../../units.ts'
import { reportConfig } from '../config.ts'
import type { JobReport } from '../job-report.ts'
import type { Span, TimelineRow } from '../timeline.ts'
import { html, type Html } from './html.ts'

export function timelineFigure({ timeline, seconds }: JobReport): Html {
  if (timeline.every(({ spans }) => spans.every(({ kind }) => kind === 'none')))
    return html`<p class="dim">No round was reported.</p>`
  return html`<div class="timeline">
      ${timeline.map((row) => timelineRow(row, seconds))}
      <div class="axis">
        <span>0</span><span>${formatSeconds(seconds / 2)}</span><span>${formatSeconds(seconds)}</span>
      </div>
    </div>
    <ul class="key">
      ${(['in', 'partly', 'absent'] as const).map(
        (kind) =>
          html`<li>
            <svg viewBox="0 0 2 10" preserveAspectRatio="none" aria-hidden="true">${bar(kind, 0, 2)}</svg>${words[kind]}
          </li>`,
      )}
    </ul>`
}

function timelineRow({ region, spans }: TimelineRow, seconds: number): Html {
  const scale = seconds > 0 ? reportConfig.timelineBins / seconds : 0
  const away = spans.filter(({ kind }) => kind === 'absent' || kind === 'partly')
  const label =
    away.length === 0
      ? `${region} took part in all of its rounds`
      : `${region} was absent ${away.map(({ fromSeconds, why }) => `from ${formatSeconds(fromSeconds)}${why === '' ? '' : ` (${why})`}`).join(', ')}`
  const bars = spans
    .filter(({ kind }) => kind !== 'none')
    .map((span) => {
      const title = html`<title>${spanText(region, span)}</title>`
      return html`<g>${title}${bar(span.kind, span.fromSeconds * scale, span.toSeconds * scale)}</g>`
    })
  return html`<div class="name">${region}</div>
    <svg viewBox="0 0 ${reportConfig.timelineBins} 10" preserveAspectRatio="none" role="img" aria-label="${label}">
      ${bars}
    </svg> `
}

function bar(kind: Span['kind'], from: number, to: number): Html {
  const shapes = { in: [0, 10], partly: [5, 5], absent: [4, 2], none: [0, 0] } as const
  const [y, height] = shapes[kind]
  const [x, width] = [from.toFixed(2), (to - from).toFixed(2)]
  return html`<rect class="span-${kind}" x="${x}" y="${y}" width="${width}" height="${height}" />`
}

function spanText(region: string, { kind, fromSeconds, toSeconds, absentRounds, why }: Span): string {
  const when = `${formatSeconds(fromSeconds)} to ${formatSeconds(toSeconds)}`
  const missing = absentRounds > 0 ? `, absent from ${absentRounds}` : ''
  return `${region}, ${when}: ${words[kind]}${missing}${why === '' ? '' : `; ${why}`}`
}

const words = { in: 'took part', partly: 'took part in some rounds', absent: 'absent', none: 'no round' } as const

// A load as a person reads it. Pure: report in, text out.
import type { LoadReport } from '../load/report.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatCount, formatPercent, formatSeconds } from '../units.ts'

export function renderLoad(report: LoadReport, style: Style): string {
  const { target, seconds, due, answered, answeredPerSecond, latencyMs, sendDelayMs, slo, outcomes, unsent } = report
  const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1)
  const lines = [
    `${style.bold(target.name)} in ${target.region} at http://${target.address}, ${formatSeconds(seconds)}`,
    `  ${formatCount(due)} requests were due, ${formatCount(answered)} answered (${answeredPerSecond.toFixed(1)} a second)`,
  ]
  if (slo !== null) {
    const verdict = slo.isMet ? style.green('met') : style.red('missed')
    lines.push(
      `  slo p${slo.percentile} ${slo.latencyMs} ms ${verdict}: ${formatPercent(slo.missedShare)} late, refused, failed or never sent`,
    )
  }
  const rows = (['mean', 'p50', 'p90', 'p95', 'p99', 'p99_9', 'max'] as const).map((name) => {
    return [name.replace('_', '.'), ms(latencyMs[name])]
  })
  lines.push('', renderTable([{ head: 'latency' }, { head: 'ms', align: 'right' }], rows, style), '')
  const kinds = outcomes.map(({ outcome, count }) => [outcome, formatCount(count)])
  if (unsent > 0) kinds.push(['never sent: too many under way', formatCount(unsent)])
  lines.push(renderTable([{ head: 'outcome' }, { head: 'requests', align: 'right' }], kinds, style))
  if (sendDelayMs.p99 > 10)
    lines.push(
      '',
      style.yellow(
        `requests were sent up to ${ms(sendDelayMs.max)} ms late (p99 ${ms(sendDelayMs.p99)}): this machine could not keep up`,
      ),
    )
  return lines.join('\n')
}

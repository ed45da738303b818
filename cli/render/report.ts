// A job's report as text: the verdict first, then the figures, regions and what happened.
import type { Style } from '../output.ts'
import { reportConfig } from '../report/config.ts'
import type { JobReport } from '../report/job-report.ts'
import type { RegionReport } from '../report/regions.ts'
import type { Verdict } from '../report/verdict.ts'
import { renderTable } from '../table.ts'
import { formatBytes, formatCount, formatFigure, formatPercent, formatSeconds, formatUsd } from '../units.ts'
import { wrap } from '../wrap.ts'
import { renderFacts } from './facts.ts'
import { evaluationText, resumedText } from './job.ts'

export function renderReport(report: JobReport, style: Style, columns: number): string {
  const { verdict } = report
  const width = Math.max(40, columns - 1)
  const figures = [
    evaluationText(report.evaluation),
    `loss ${formatFigure(report.loss)}`,
    formatSeconds(report.seconds),
    resumedText(report.resumptions, report.idleSeconds),
    `cost ${formatUsd(report.cost.totalUsd)}${report.cost.isFinal ? '' : ' so far'}`,
    `WAN ${formatBytes(report.wanBytes)}`,
    `${formatCount(report.rounds)} rounds`,
    `${formatPercent(report.stallShare)} of the time waited for the WAN`,
  ]
  const head = [
    `${style.bold(report.name)} ${style.dim(report.jobId)}  ${report.strategy}`,
    colourOf(verdict.kind, style)(wrap(verdict.text, width, '  ')),
    ...verdict.notes.map((note) => wrap(`- ${note}`, width - 2, '  ')),
    '',
    wrap(figures.filter((text) => text !== '').join(', '), width, '  '),
  ]
  const plan = report.plan.length === 0 ? [] : [renderFacts(report.plan, style, columns)]
  const blocks = [head.join('\n'), ...plan, regionTable(report, style)]
  blocks.push(report.happenings.length === 0 ? 'nothing else happened' : happeningTable(report, style))
  return blocks.join('\n\n')
}

function colourOf(kind: Verdict['kind'], style: Style): (text: string) => string {
  return { whole: style.green, partial: style.yellow, failed: style.red, running: style.cyan }[kind]
}

function regionTable({ regions }: JobReport, style: Style): string {
  const hasDevices = regions.some(({ devices }) => devices !== '')
  return renderTable(
    [
      { head: 'region' },
      ...(hasDevices ? [{ head: 'devices' }] : []),
      { head: 'data', align: 'right' },
      { head: 'used', align: 'right' },
      { head: 'rounds', align: 'right' },
      { head: 'absent', align: 'right' },
      { head: 'sent', align: 'right' },
      { head: 'waited', align: 'right' },
      { head: 'cost', align: 'right' },
    ],
    regions.map((region) => [
      regionText(region),
      ...(hasDevices ? [region.devices] : []),
      formatPercent(region.dataShare),
      formatPercent(region.samplesTotal > 0 ? region.samplesDone / region.samplesTotal : 0),
      formatCount(region.rounds),
      formatCount(region.absentRounds),
      formatBytes(region.bytesSent),
      region.stallShare === null ? formatSeconds(region.stallSeconds) : formatPercent(region.stallShare),
      formatUsd(region.costUsd),
    ]),
    style,
  )
}

/** With where it runs and whose data it has, where that is not its own. */
export function regionText({ region, place, dataRegions, isPruned }: RegionReport): string {
  const others = dataRegions.filter((from) => from !== region)
  const notes = [
    ...(place === region ? [] : [`in ${place}`]),
    ...(others.length === 0 ? [] : [`with data of ${others.join(', ')}`]),
    ...(isPruned ? ['given up'] : []),
  ]
  return notes.length === 0 ? region : `${region} (${notes.join(', ')})`
}

function happeningTable({ happenings }: JobReport, style: Style): string {
  const shown = happenings.slice(0, reportConfig.happeningsMax)
  const table = renderTable(
    [{ head: 'after' }, { head: 'region' }, { head: 'what' }, { head: 'details' }],
    shown.map(({ seconds, region, kind, text }) => [formatSeconds(seconds), region, kind, text]),
    style,
  )
  const left = happenings.length - shown.length
  return left > 0 ? `${table}\n${formatCount(left)} more with --json` : table
}

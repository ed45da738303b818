// The charts of a job's report.
import type { JobReport } from '../job-report.ts'
import { chartsFigure, type Chart } from './chart.ts'
import { html, type Html } from './html.ts'

export function chartFigures(report: JobReport): Html {
  const charts = chartsOf(report)
  if (charts.length === 0)
    return html`<p class="dim">No round and no evaluation was reported, so there is no curve.</p>`
  const names = report.regions.map(({ region }) => region)
  return chartsFigure(charts, names)
}

export function hasCharts(report: JobReport): boolean {
  return chartsOf(report).length > 0
}

function chartsOf({ lossCurves, metricCharts, wanCurves }: JobReport): readonly Chart[] {
  const all: readonly Chart[] = [
    { id: 'chart-loss', title: 'Training loss', unit: 'figure', curves: lossCurves },
    ...metricCharts.map(({ metric, curves }, i): Chart => {
      return { id: `chart-metric-${i}`, title: `${metric}, on held-out data`, unit: 'figure', curves }
    }),
    { id: 'chart-wan', title: 'Bytes sent over the WAN so far', unit: 'bytes', curves: wanCurves },
  ]
  return all.filter(({ curves }) => curves.length > 0)
}

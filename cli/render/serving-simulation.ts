// A replay of serving as text: one column per policy, then what each function had of them.
import type {
  FunctionReport,
  PipelineReport,
  ServingReport,
  ServingRun,
} from '#physical-plane/serving/replay/replay-report.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatCount, formatSeconds, formatUsd } from '../units.ts'

type Figure = readonly [name: string, of: (run: ServingRun) => string]

/** What a person compares first; shared with the page. */
export const servingFigures: readonly Figure[] = [
  ['over the objective or refused', ({ all }) => shareText(all.violationShare)],
  ['  refused', ({ all }) => formatCount(all.refused)],
  ['latency, median', ({ all }) => `${all.p50Ms.toFixed(1)} ms`],
  ['latency, 99 %', ({ all }) => `${all.p99Ms.toFixed(1)} ms`],
  ['GPU-seconds', ({ all }) => formatCount(Math.round(all.gpuSeconds))],
  ['  of whole GPUs', ({ wholeGpuSeconds }) => formatCount(Math.round(wholeGpuSeconds))],
  ['cost of shares', ({ all }) => formatUsd(all.usd)],
  ['GPUs at once, most', ({ gpusMax }) => formatCount(gpusMax)],
  ['instances begun', ({ all }) => formatCount(all.coldStarts)],
  ['shares changed', ({ all }) => formatCount(all.resized)],
  ['wishes without room', ({ all }) => formatCount(all.unplaced)],
]

export function renderServing(report: ServingReport, style: Style): string {
  const { name, runs, seeds } = report
  const policies = runs.map(({ policy }) => ({ head: policy, align: 'right' as const }))
  return [
    `${style.bold(name)}: ${servingHead(report)}; ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}`,
    renderTable(
      [{ head: '' }, ...policies],
      servingFigures.map(([title, of]) => [title, ...runs.map(of)]),
      style,
    ),
    ...runs.map((run) => `${style.bold(`functions, ${run.policy}`)}\n${functionsTable(run, style)}`),
    ...runs
      .filter(({ pipelines }) => pipelines.length > 0)
      .map((run) => `${style.bold(`pipelines, ${run.policy}`)}\n${pipelinesTable(run, style)}`),
  ].join('\n\n')
}

export function servingHead({ requests, lengthSeconds, gpus, seeds }: ServingReport): string {
  const times = seeds.length === 1 ? '' : ` of ${seeds.length} seeds`
  return `${formatCount(requests)} requests${times} in ${formatSeconds(lengthSeconds)} on up to ${formatCount(gpus)} GPUs`
}

export const functionColumns = ['function', 'requests', 'missed', 'median', '99 %', 'GPU-seconds', 'begun'] as const

export const pipelineColumns = ['pipeline', 'requests', 'missed', 'refused', 'median', '99 %'] as const

export function pipelineRow(one: PipelineReport): readonly string[] {
  return [
    one.name,
    formatCount(one.requests),
    shareText(one.violationShare),
    formatCount(one.refused),
    `${one.p50Ms.toFixed(1)} ms`,
    `${one.p99Ms.toFixed(1)} ms`,
  ]
}

export function functionRow(one: FunctionReport): readonly string[] {
  return [
    one.name,
    formatCount(one.requests),
    shareText(one.violationShare),
    `${one.p50Ms.toFixed(1)} ms`,
    `${one.p99Ms.toFixed(1)} ms`,
    formatCount(Math.round(one.gpuSeconds)),
    formatCount(one.coldStarts),
  ]
}

function functionsTable({ functions }: ServingRun, style: Style): string {
  const columns = functionColumns.map((head, i) => (i === 0 ? { head } : { head, align: 'right' as const }))
  return renderTable(columns, functions.map(functionRow), style)
}

function pipelinesTable({ pipelines }: ServingRun, style: Style): string {
  const columns = pipelineColumns.map((head, i) => (i === 0 ? { head } : { head, align: 'right' as const }))
  return renderTable(columns, pipelines.map(pipelineRow), style)
}

/** Objectives are of a few in a hundred, so that whole per cent would hide all. */
function shareText(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}

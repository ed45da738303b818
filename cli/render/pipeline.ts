// Pipelines as a person reads them: one row for `ls`, one block for `get`. Pure: message in, text out.
import type { Pipeline__Output } from '#proto/generated/cloudless/v1/Pipeline.ts'
import type { PipelineMeasure__Output } from '#proto/generated/cloudless/v1/PipelineMeasure.ts'
import type { StageMeasure__Output } from '#proto/generated/cloudless/v1/StageMeasure.ts'
import { enumWord } from '../json.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { sloWords } from './function.ts'

export function renderPipelines(pipelines: readonly Pipeline__Output[], style: Style): string {
  if (pipelines.length === 0) return 'no pipelines; `cloudless pipeline deploy FILE` makes one'
  return renderTable(
    [
      { head: 'name' },
      { head: 'state' },
      { head: 'stages', align: 'right' },
      { head: 'slo' },
      { head: 'p99 ms', align: 'right' },
      { head: 'burn', align: 'right' },
      { head: 'reason' },
    ],
    pipelines.map(({ spec, state, reason, measured }) => [
      spec?.name ?? '',
      enumWord(state),
      String(spec?.stages.length ?? 0),
      sloWords(spec?.slo ?? null),
      worst(measured.map(({ p99Ms }) => p99Ms)),
      spec?.slo == null ? '-' : worst(measured.map(({ burnFiveMinutes }) => burnFiveMinutes)),
      reason,
    ]),
    style,
  )
}

export function renderPipeline(
  { id, spec, state, reason, budgets, endpoints, measured }: Pipeline__Output,
  style: Style,
): string {
  const parts = new Map(budgets.map(({ stage, budgetMs }) => [stage, budgetMs]))
  const lines = [
    `${style.bold(spec?.name ?? '')} ${style.dim(id)}  ${enumWord(state)}: ${reason}`,
    `  slo ${sloWords(spec?.slo ?? null)}`,
    ...endpoints.map(({ region, http, grpc }) => {
      return `  asked in ${region} at ${[http === '' ? [] : [`http://${http}`], grpc === '' ? [] : [`grpc ${grpc}`]].flat().join('   ')}`
    }),
    ...measured.map((each) => measureWords(each, spec?.slo != null)),
    '',
    renderTable(
      [
        { head: 'stage' },
        { head: 'function' },
        { head: 'after' },
        { head: 'inputs' },
        { head: 'budget ms', align: 'right' },
        { head: 'p50 ms', align: 'right' },
        { head: 'p99 ms', align: 'right' },
      ],
      (spec?.stages ?? []).map(({ name, function: of, after, inputs }) => [
        name,
        of,
        after.join(', '),
        Object.entries(inputs)
          .map(([input, source]) => `${input} = ${source}`)
          .join(', '),
        parts.get(name)?.toFixed(1) ?? '-',
        worst(stagesOf(measured, name).map(({ p50Ms }) => p50Ms)),
        worst(stagesOf(measured, name).map(({ p99Ms }) => p99Ms)),
      ]),
      style,
    ),
  ]
  return lines.join('\n')
}

function measureWords(measure: PipelineMeasure__Output, hasObjective: boolean): string {
  const { region, arrived, refused, failed, overSlo, requestsPerSecond, p50Ms, p99Ms } = measure
  const times = `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`
  const counts = `of ${arrived} requests ${refused} were refused and ${failed} failed`
  const burn = `burn ${measure.burnFiveMinutes.toFixed(2)} (5 min), ${measure.burnOneHour.toFixed(2)} (1 h)`
  const objective = hasObjective ? `, ${overSlo} missed the objective; ${burn}` : ''
  return `  in ${region} ${requestsPerSecond.toFixed(1)} requests/s, ${times}; ${counts}${objective}`
}

function stagesOf(measured: readonly PipelineMeasure__Output[], name: string): readonly StageMeasure__Output[] {
  return measured.flatMap(({ stages }) => stages.filter(({ stage, answered }) => stage === name && answered > 0))
}

/** Of all regions. */
function worst(values: readonly number[]): string {
  return values.length === 0 ? '-' : Math.max(...values).toFixed(1)
}

// Pipelines as a person reads them: one row for `ls`, one block for `get`. Pure: message in, text out.
import type { Pipeline__Output } from '#proto/generated/cloudless/v1/Pipeline.ts'
import { enumWord } from '../json.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { sloWords } from './function.ts'

export function renderPipelines(pipelines: readonly Pipeline__Output[], style: Style): string {
  if (pipelines.length === 0) return 'no pipelines; `cloudless pipeline deploy FILE` makes one'
  return renderTable(
    [{ head: 'name' }, { head: 'state' }, { head: 'stages', align: 'right' }, { head: 'slo' }, { head: 'reason' }],
    pipelines.map(({ spec, state, reason }) => [
      spec?.name ?? '',
      enumWord(state),
      String(spec?.stages.length ?? 0),
      sloWords(spec?.slo ?? null),
      reason,
    ]),
    style,
  )
}

export function renderPipeline(
  { id, spec, state, reason, budgets, endpoints }: Pipeline__Output,
  style: Style,
): string {
  const parts = new Map(budgets.map(({ stage, budgetMs }) => [stage, budgetMs]))
  const lines = [
    `${style.bold(spec?.name ?? '')} ${style.dim(id)}  ${enumWord(state)}: ${reason}`,
    `  slo ${sloWords(spec?.slo ?? null)}`,
    ...endpoints.map(({ region, http, grpc }) => {
      return `  asked in ${region} at ${[http === '' ? [] : [`http://${http}`], grpc === '' ? [] : [`grpc ${grpc}`]].flat().join('   ')}`
    }),
    '',
    renderTable(
      [
        { head: 'stage' },
        { head: 'function' },
        { head: 'after' },
        { head: 'inputs' },
        { head: 'budget ms', align: 'right' },
      ],
      (spec?.stages ?? []).map(({ name, function: of, after, inputs }) => [
        name,
        of,
        after.join(', '),
        Object.entries(inputs)
          .map(([input, source]) => `${input} = ${source}`)
          .join(', '),
        parts.get(name)?.toFixed(1) ?? '-',
      ]),
      style,
    ),
  ]
  return lines.join('\n')
}

// Functions as a person reads them: one row for `ls`, one block for `get`. Pure: message in, text out.
import type { Function__Output } from '#proto/generated/cloudless/v1/Function.ts'
import type { FunctionInstance__Output } from '#proto/generated/cloudless/v1/FunctionInstance.ts'
import type { Slo__Output } from '#proto/generated/cloudless/v1/Slo.ts'
import type { InstanceEvent__Output } from '#proto/generated/cloudless/v1/InstanceEvent.ts'
import { enumWord } from '../json.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatCount, formatTenths, formatTime, formatUsd } from '../units.ts'

export function renderFunctions(functions: readonly Function__Output[], style: Style): string {
  if (functions.length === 0) return 'no functions; `cloudless function deploy FILE` makes one'
  return renderTable(
    [
      { head: 'name' },
      { head: 'state' },
      { head: 'instances', align: 'right' },
      { head: 'req/s', align: 'right' },
      { head: 'slo' },
      { head: 'cost', align: 'right' },
      { head: 'reason' },
    ],
    functions.map((each) => [
      each.spec?.name ?? '',
      enumWord(each.state),
      `${answering(each)} of ${each.instances.length}`,
      formatTenths(each.instances.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0)),
      sloText(each),
      formatUsd(each.costUsd),
      shortened(causeFirst(each.reason)),
    ]),
    style,
  )
}

export function renderFunction(each: Function__Output, style: Style): string {
  const { spec, instances } = each
  const bounds = `${spec?.instancesMin ?? 0} to ${spec?.instancesMax ?? 0} instances in each region`
  const lines = [
    `${style.bold(spec?.name ?? '')} ${style.dim(each.id)}  ${enumWord(each.state)}: ${each.reason}`,
    `  ${spec?.handler ?? ''}   ${bounds}   batches of ${spec?.batchMax ?? 1}   slo ${sloText(each)}   cost so far ${formatUsd(each.costUsd)}`,
  ]
  for (const { region, http, grpc } of each.endpoints) {
    const shown = [http === '' ? [] : [`http://${http}`], grpc === '' ? [] : [`grpc ${grpc}`]].flat().join('   ')
    lines.push(`  asked in ${region} at ${shown}`)
  }
  if (instances.length > 0) lines.push('', renderInstances(instances, style))
  return lines.join('\n')
}

function renderInstances(instances: readonly FunctionInstance__Output[], style: Style): string {
  return renderTable(
    [
      { head: 'instance' },
      { head: 'state' },
      { head: 'device' },
      { head: 'endpoint' },
      { head: 'req/s', align: 'right' },
      { head: 'latency ms', align: 'right' },
      { head: 'requests', align: 'right' },
      { head: 'over slo', align: 'right' },
      { head: 'reason' },
    ],
    instances.map((one) => [
      one.id,
      one.state,
      one.deviceId === '' ? one.deviceModel : `${one.deviceModel} ${one.deviceId}`,
      one.endpoint,
      formatTenths(one.requestsPerSecond),
      formatTenths(one.latencyMs),
      formatCount(one.requests),
      formatCount(one.overSlo),
      shortened(one.reason),
    ]),
    style,
  )
}

export function renderEvents(events: readonly InstanceEvent__Output[], style: Style): string {
  if (events.length === 0) return 'nothing has happened yet'
  const rows = events.map(({ atMs, kind, instanceId, text }) => [formatTime(atMs), kind, instanceId, shortened(text)])
  return renderTable([{ head: 'time' }, { head: 'what' }, { head: 'instance' }, { head: 'why' }], rows, style)
}

export function answering({ instances }: Pick<Function__Output, 'instances'>): number {
  return instances.filter(({ endpoint }) => endpoint !== '').length
}

function sloText({ spec }: Function__Output): string {
  return sloWords(spec?.slo ?? null)
}

export function sloWords(slo: Slo__Output | null): string {
  return slo === null ? '-' : `p${slo.percentile} ${slo.latencyMs} ms${slo.per === 'SLO_PER_TOKEN' ? ' per token' : ''}`
}

/** A reason that ends with lines of a log, in one line: the last of those says most, and a row has little room. */
function causeFirst(reason: string): string {
  const lines = reason.split('\n').filter((line) => line.trim() !== '')
  const [first = ''] = lines
  const told = first.replace(/;? last lines of its log:$/, '')
  return lines.length < 2 ? first : `${lines.at(-1)!} (${told})`
}

function shortened(text: string): string {
  const line = text.split('\n', 1)[0] ?? ''
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}

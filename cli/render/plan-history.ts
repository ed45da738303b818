// The plans that a job has had, as a person reads them: when each came into force, why, what it took and what it forecast for
// what was left. Newest last, so that the one in force stands above the prompt. Pure: messages in, text out.
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatDayTime, formatSeconds, formatUsd } from '../units.ts'
import { devicesText, exchangeText, placeText } from './plan.ts'

export function renderPlanHistory(plans: readonly Plan__Output[], style: Style): string {
  if (plans.length === 0) return 'no plan has been in force yet'
  const table = renderTable(
    [
      { head: 'plan', align: 'right' },
      { head: 'since' },
      { head: 'devices' },
      { head: 'exchange' },
      { head: 'left', align: 'right' },
      { head: 'costs', align: 'right' },
    ],
    plans.map((plan) => [
      String(plan.version),
      formatDayTime(plan.plannedAtMs),
      plan.partitions.map((partition) => `${placeText(partition)} ${devicesText(partition.allocations)}`).join('; '),
      plan.exchange === null ? '-' : exchangeText(plan.exchange),
      plan.forecast === null ? '-' : formatSeconds(plan.forecast.seconds),
      plan.forecast === null ? '-' : formatUsd(plan.forecast.totalUsd),
    ]),
    style,
  )
  const causes = plans.filter(({ cause }) => cause !== '').map(({ version, cause }) => `plan ${version}: ${cause}`)
  return [table, ...causes].join('\n')
}

// What jobs cost, as a person reads it: the groups, what the time was spent on, forecasts against what came, other ways to train the
// same data, what links are billed at, and what is missing. Pure: message in, text out.
import type { Costs__Output } from '#proto/generated/cloudless/v1/Costs.ts'
import type { JobCost__Output } from '#proto/generated/cloudless/v1/JobCost.ts'
import { moneyIn, type Money } from '../money.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatCount, formatSeconds, formatTime } from '../units.ts'
import {
  comparisonTable,
  forecastTable,
  gapTable,
  groupTable,
  jobTable,
  linkTable,
  sourceTexts,
  totalRow,
  wasteText,
  wayTable,
  wayTexts,
  type CostTable,
} from './cost-tables.ts'

export function renderCosts(costs: Costs__Output, style: Style): string {
  const money = moneyIn(costs.rate)
  const [job] = costs.jobs
  const isOne = costs.jobsTotal === 1 && job !== undefined
  const groups = groupTable(costs, money)
  const total = totalRow(costs, money).map((cell) => style.bold(cell))
  const blocks = [
    isOne ? jobTitle(job, costs, money, style) : title(costs, money, style),
    groups.rows.length === 0 ? '' : tableText({ ...groups, rows: [...groups.rows, total] }, style),
    wasteText(costs.total),
    ...(isOne ? ofOneJob(job, money, style) : ofManyJobs(costs, money, style)),
    tableText(linkTable(costs, money), style),
    gapText(costs, money, style),
    sourceTexts(costs, money)
      .map((line) => style.dim(line))
      .join('\n'),
  ]
  return blocks.filter((block) => block !== '').join('\n\n')
}

function jobTitle(job: JobCost__Output, costs: Costs__Output, money: Money, style: Style): string {
  const state = job.isFinal ? 'final' : style.yellow('so far')
  const owner = job.owner === '' ? '' : `, owner ${job.owner}`
  const total = costs.total?.totalUsd ?? 0
  const isPart = Math.abs(total - (job.amounts?.totalUsd ?? 0)) > 1e-9 * total
  return (
    `${style.bold(job.jobId)}  ${job.name}, ${job.strategy}${owner}, ${job.state} after ${formatSeconds(job.seconds)}\n` +
    `${style.bold(money.format(total))} ${state}${isPart ? `, ${hoursText(costs)}` : ''}`
  )
}

function title(costs: Costs__Output, money: Money, style: Style): string {
  const jobs = `${formatCount(costs.jobsTotal)} ${costs.jobsTotal === 1 ? 'job' : 'jobs'}`
  return `${style.bold(money.format(costs.total?.totalUsd ?? 0))} for ${jobs}, ${hoursText(costs)}`
}

function hoursText({ fromMs, toMs }: Costs__Output): string {
  return `${fromMs > 0 ? `from ${formatTime(fromMs)} ` : ''}to ${formatTime(toMs)}`
}

function ofOneJob(job: JobCost__Output, money: Money, style: Style): readonly string[] {
  const texts = wayTexts(job).map((text) => style.dim(text))
  return [tableText(forecastTable(job, money), style), tableText(wayTable(job, money), style), texts.join('\n')]
}

function ofManyJobs(costs: Costs__Output, money: Money, style: Style): readonly string[] {
  const left = costs.jobsTotal - costs.jobs.length
  const more = `the ${formatCount(costs.jobs.length)} dearest jobs are shown and compared; ${formatCount(left)} more are in the total`
  return [
    tableText(jobTable(costs, money), style),
    left > 0 ? style.dim(more) : '',
    tableText(comparisonTable(costs, money), style),
  ]
}

function gapText(costs: Costs__Output, money: Money, style: Style): string {
  if (costs.gapsTotal === 0) return ''
  const left = costs.gapsTotal - costs.gaps.length
  const more = left > 0 ? `\n${formatCount(left)} more` : ''
  return `${style.yellow('missing, and in no sum')}\n${tableText(gapTable(costs, money), style)}${more}`
}

/** '' without rows. */
function tableText({ words, numbers, rows }: CostTable, style: Style): string {
  if (rows.length === 0) return ''
  const columns = [...words.map((head) => ({ head })), ...numbers.map((head) => ({ head, align: 'right' as const }))]
  return renderTable(columns, rows, style)
}

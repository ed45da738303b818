// `cloudless cost [JOB…]`: what jobs cost so far or in all, against forecasts and against other ways, as text, JSON, CSV or a page.
import { Command, Option } from 'commander'
import type { GetCostsRequest } from '#proto/generated/cloudless/v1/GetCostsRequest.ts'
import { present } from '#runtime/assert.ts'
import { invalid } from '#runtime/errors.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderCosts } from '../render/costs.ts'
import { costsCsv } from '../render/costs-csv.ts'
import { renderCostPage } from '../report/cost-page.ts'
import { readAssets } from '../report/page/page.ts'
import { pageTarget, writePage } from '../report/page/write-page.ts'
import { parseTime } from '../since.ts'

type Options = {
  readonly since?: string
  readonly until?: string
  readonly by?: string
  readonly owner?: string
  readonly label?: readonly string[]
  readonly currency?: string
  readonly csv?: true
  readonly html?: string
}

const defaultSince = '30d'

export function costCommand(run: Run): Command {
  return new Command('cost')
    .description('show what jobs cost: by region or otherwise, against the forecast and against other ways to train')
    .argument('[job...]', 'job ids; without any, all jobs of the last 30 days')
    .option('--since <time>', 'use since then: 30d, 12h or 2026-11-01')
    .option('--until <time>', 'use until then')
    .option(
      '--by <what>',
      'up to three of region, kind, attempt, strategy, market, purpose, owner, device, link, job, label:KEY',
    )
    .option('--owner <name>', 'only jobs of this owner')
    .option('--label <key=value...>', 'only jobs with these labels')
    .option('--currency <code>', 'show amounts in it, at the rate that the catalogue states: CNY')
    .option('--csv', 'the groups as CSV')
    .addOption(new Option('--html <file>', 'write one self-contained page; an older one is replaced').conflicts('csv'))
    .action(
      run(async (context, jobIds: readonly string[], options: Options) => {
        const { output, signal, clock } = context
        const request = requestOf(jobIds, options, clock.now())
        const path = options.html === undefined ? null : await pageTarget(options.html)
        using services = connect(context)
        const costs = present(
          (await services.costs.getCosts(request, { signal })).costs,
          'costs in the answer to GetCosts',
        )
        if (path !== null) {
          await writePage(path, renderCostPage(costs, await readAssets()))
          output.result({ path }, () => path)
        } else if (options.csv === true && !output.isJson) output.raw(costsCsv(costs))
        else output.result(costs, () => renderCosts(costs, output.style))
        return exitCodes.ok
      }),
    )
}

function requestOf(jobIds: readonly string[], options: Options, nowMs: number): GetCostsRequest {
  const since = options.since ?? (jobIds.length === 0 ? defaultSince : undefined)
  return {
    jobIds: [...jobIds],
    fromMs: since === undefined ? 0 : parseTime('--since', since, nowMs),
    toMs: options.until === undefined ? 0 : parseTime('--until', options.until, nowMs),
    ...(options.owner === undefined ? {} : { owner: options.owner }),
    labels: Object.fromEntries((options.label ?? []).map(labelOf)),
    groupBy: (options.by ?? '')
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
    currency: options.currency ?? '',
  }
}

function labelOf(given: string): readonly [string, string] {
  const at = given.indexOf('=')
  if (at > 0) return [given.slice(0, at), given.slice(at + 1)]
  throw invalid([
    { field: '--label', description: `${JSON.stringify(given)} is not KEY=VALUE, for example team=vision` },
  ])
}

// What the demo ends with. The keys are a promise to scripts: always these, whatever the dataset and strategy.
import type { CostReport__Output } from '#proto/generated/cloudless/v1/CostReport.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { present } from '#runtime/assert.ts'
import type { Style } from '../output.ts'
import { formatBytes, formatPercent, formatSeconds, formatUsd } from '../units.ts'

export type DemoResult = {
  readonly accuracy: number
  /** From submission to the end of the job. */
  readonly seconds: number
  readonly wan_bytes: number
  readonly cost_usd: number
  readonly cost_usd_use_everything: number
  readonly regions: readonly string[]
  readonly strategy: string
  readonly dataset: string
}

export function demoResult(job: Job__Output, report: CostReport__Output, dataset: string): DemoResult {
  return {
    accuracy: present(job.progress?.evaluation['accuracy'], 'accuracy of the trained model'),
    seconds: (job.endedAtMs - job.createdAtMs) / 1000,
    wan_bytes: report.links.reduce((total, link) => total + link.bytes, 0),
    cost_usd: report.totalUsd,
    cost_usd_use_everything: report.useEverythingUsd,
    regions: (job.plan?.partitions ?? []).map(({ region }) => region),
    strategy: job.spec?.sync?.strategy ?? '',
    dataset,
  }
}

export function renderResult(result: DemoResult, style: Style): string {
  const saving = 1 - result.cost_usd / result.cost_usd_use_everything
  const row = (name: string, value: string): string => `  ${style.dim(name.padEnd(22))}${value}`
  return [
    style.bold(`One model trained over ${result.regions.length} regions with ${result.strategy} on ${result.dataset}`),
    row('accuracy (held out)', style.green(`${(result.accuracy * 100).toFixed(1)} %`)),
    row('time', formatSeconds(result.seconds)),
    row('WAN traffic', formatBytes(result.wan_bytes)),
    row('cost', formatUsd(result.cost_usd)),
    row('with use-everything', formatUsd(result.cost_usd_use_everything)),
    row('saving', formatPercent(saving)),
  ].join('\n')
}

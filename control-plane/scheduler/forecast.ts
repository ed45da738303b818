// What a plan will take and cost: the time of compute and of what crosses the WAN meanwhile (traffic.ts), units paid in
// every region until the last one ends, and egress by each link's price.
// Without a measured model size nothing is known of the wire: then seconds are compute only, bytes and egress are 0.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import type { Forecast, ModelSize, Partition } from '#control-plane/model/plan.ts'
import type { Pair } from './exchange.ts'
import { trafficOf } from './traffic.ts'

export type ForecastInput = {
  readonly spec: JobSpec
  readonly partitions: readonly Partition[]
  readonly index: CatalogueIndex
  readonly modelSize: ModelSize | null
  readonly throughputSource: Forecast['throughputSource']
}

export function forecast(input: ForecastInput): Forecast {
  const { spec, partitions, index, modelSize } = input
  const computeSeconds = Math.max(0, ...partitions.map(({ loadPower }) => spec.training.epochs / loadPower))
  const traffic = modelSize === null ? null : trafficOf({ spec, partitions, links: index.link, modelSize })
  const seconds = traffic === null ? computeSeconds : traffic.trainingSeconds + traffic.outsideSeconds
  const flows = traffic === null ? [] : traffic.flows
  const egressUsd = flows.reduce((sum, flow) => sum + (flow.bytes / 1e9) * usdPerGb(index, flow), 0)
  const computeUsd = (usdPerHour(partitions) * seconds) / 3600
  return {
    seconds,
    computeUsd,
    egressUsd,
    totalUsd: computeUsd + egressUsd,
    wanBytes: Math.round(flows.reduce((sum, { bytes }) => sum + bytes, 0)),
    throughputSource: input.throughputSource,
  }
}

export function usdPerHour(partitions: readonly Partition[]): number {
  let sum = 0
  for (const { allocations } of partitions)
    for (const { units, usdPerUnitHour } of allocations) sum += units * usdPerUnitHour
  return sum
}

function usdPerGb({ link }: CatalogueIndex, { from, to }: Pair): number {
  return link(from, to)?.egressUsdPerGb ?? 0
}

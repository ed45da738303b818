// What has to reach a place before a partition can train there: data of other regions when it first starts, and when it is
// moved while its job runs, its data and its checkpoint.
import type { JobSpec } from '#control-plane/model/job.ts'
import type { ModelSize, Partition, Plan } from '#control-plane/model/plan.ts'
import { transferSeconds, type Links } from '#control-plane/scheduler/exchange.ts'

export type Move = { readonly from: string; readonly to: string; readonly bytes: number; readonly seconds: number }

export type MovesInput = {
  readonly spec: JobSpec
  readonly plan: Plan
  readonly partition: Partition
  /** Where it was; null when it starts for the first time. */
  readonly from: string | null
  readonly links: Links
  readonly modelSize: ModelSize | null
}

export function movesOf({ spec, plan, partition, from, links, modelSize }: MovesInput): readonly Move[] {
  const { place, dataRegions } = partition
  if (from === place) return []
  if (from === null)
    return plan.movements.filter((move) => move.to === place && dataRegions.includes(move.from) && move.bytes > 0)
  const data = spec.shards.filter(({ region }) => dataRegions.includes(region) && region !== place)
  // Replica, and what its optimiser and the shared parameters keep of it.
  const bytes = data.reduce((sum, shard) => sum + shard.bytes, 0) + 3 * (modelSize?.updateBytes ?? 0)
  return bytes === 0 ? [] : [{ from, to: place, bytes, seconds: transferSeconds(links, { from, to: place }, bytes) }]
}

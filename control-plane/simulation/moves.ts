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

/** Its data, from the other regions that have some of it. */
export function dataMoves({ spec, plan, partition, links }: MovesInput): readonly Move[] {
  const { place, dataRegions } = partition
  return dataRegions
    .filter((from) => from !== place)
    .map((from) => {
      const own = spec.shards.filter(({ region }) => region === from)
      const bytes = own.reduce((sum, shard) => sum + shard.bytes, 0)
      const planned = plan.movements.find((move) => move.from === from && move.to === place)
      return { from, to: place, bytes, seconds: planned?.seconds ?? transferSeconds(links, { from, to: place }, bytes) }
    })
    .filter(({ bytes }) => bytes > 0)
}

/** Its checkpoint: replica, and what its optimiser and the shared parameters keep of it. */
export function checkpointMoves({ partition: { place }, from, links, modelSize }: MovesInput): readonly Move[] {
  if (from === null || from === place || modelSize === null) return []
  const bytes = 3 * modelSize.updateBytes
  return [{ from, to: place, bytes, seconds: transferSeconds(links, { from, to: place }, bytes) }]
}

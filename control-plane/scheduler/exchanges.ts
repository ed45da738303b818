// The ways to synchronise that a plan may choose among, the most exact first. A strategy with an interval of its own has
// that one way. One that adapts it has a ladder: the codec that the job asked for with ever longer intervals, then, with the
// longest, ever smaller codecs, as the parameter server goes down it where links can not carry more.
import { isSparse, rungsFrom } from '#proto/sync/codec-ladder.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import { strategies } from '#proto/sync/strategies.ts'
import type { Exchange, ModelSize } from '#control-plane/model/plan.ts'

/** [null] where nothing is known of the model, so that no way can be told from another. */
export function exchangesOf(sync: SyncSettings, modelSize: ModelSize | null): readonly (Exchange | null)[] {
  const parts = strategies.get(sync.strategy)?.parts(sync)
  if (parts === undefined || modelSize === null) return [null]
  const { fragments } = sync
  if (parts.when === 'fixed-interval') return [{ interval: sync.interval, codec: sync.codec, fragments, hub: '' }]
  const own = intervals(sync).map((interval) => ({ interval, codec: sync.codec, fragments, hub: '' }))
  // What sparse messages lose depends on how stale they are, which only the parameter server measures.
  const smaller = rungsFrom(sync.codec).filter((codec) => codec !== sync.codec && !isSparse(codec))
  return [...own, ...smaller.map((codec) => ({ interval: sync.intervalMax, codec, fragments, hub: '' }))]
}

/** From the least to the greatest, each twice the one before. */
function intervals({ intervalMin, intervalMax }: SyncSettings): readonly number[] {
  const all: number[] = []
  for (let interval = intervalMin; interval < intervalMax; interval *= 2) all.push(interval)
  return [...all, intervalMax]
}

// What a plan lays down for synchronisation, as settings: where the strategy adapts its interval by itself, the plan's is the
// least one, so that it still adapts to links that are worse than the plan thought.
import type { CodecName, SyncSettings } from '#proto/sync/settings.ts'
import { strategies } from '#proto/sync/strategies.ts'
import type { Exchange } from './plan.ts'

export function withExchange(sync: SyncSettings, exchange: Exchange | null): SyncSettings {
  if (exchange === null) return sync
  const isAdaptive = strategies.get(sync.strategy)?.parts(sync).when === 'adaptive-interval'
  const interval = isAdaptive
    ? { intervalMin: Math.min(sync.intervalMax, Math.max(sync.intervalMin, exchange.interval)) }
    : { interval: exchange.interval }
  return { ...sync, ...interval, codec: exchange.codec as CodecName, fragments: exchange.fragments }
}

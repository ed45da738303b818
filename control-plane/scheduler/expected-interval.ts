// The interval and codec that a job will run with. Where they adapt, what the measured links will lead to is reckoned from
// the catalogue's: as many local steps as one exchange takes, in fragments so many that each is back before the next
// one leaves; if that exceeds the longest interval, fewer fragments, and then the next smaller codec.
import { codecNames, type CodecName, type SyncSettings } from '#proto/sync/settings.ts'

export type Expected = { readonly interval: number; readonly codec: CodecName }

/** `exchangeSeconds`: how long a share of the model takes in that codec. */
export function expectedInterval(
  settings: SyncSettings,
  stepSeconds: number,
  exchangeSeconds: (codec: CodecName, share: number) => number,
): Expected {
  const { intervalMin, intervalMax, fragments } = settings
  const needed = (codec: CodecName, parts: number): number => {
    const steps = Math.ceil(exchangeSeconds(codec, 1 / parts) / stepSeconds)
    return parts === 1 ? steps : parts * (steps + 1)
  }
  const ladder: readonly CodecName[] = codecNames.filter((name) => name !== 'sparse-loco')
  const rungs = ladder.slice(ladder.indexOf(settings.codec))
  // Nothing is gained by coarser messages where exact ones are back, with a fifth to spare, before they may leave.
  if (settings.codec !== 'top-k' && needed('fp32', fragments) * 1.2 <= intervalMin) {
    return { interval: intervalMin, codec: 'fp32' }
  }
  for (const codec of rungs) {
    for (let parts = fragments; parts >= 1; parts--) {
      const interval = needed(codec, parts)
      if (interval <= intervalMax) return { interval: Math.max(intervalMin, interval), codec }
    }
  }
  // Nothing fits: regions wait for the link.
  return { interval: intervalMax, codec: rungs.at(-1)! }
}

// What crosses the WAN when regions exchange one whole model, and how long that takes on the catalogue's links.
//   independent: everybody sends to everybody, but gossip (push-sum) to one peer in turn.
//   rounds: two regions swap. More meet at a hub, which is the lowest region as long as that one lives: contributions
//   come in, then the result goes out to everybody through the hub's one uplink, as wide as its widest link. A round that
//   waits for nobody is committed with a quorum, so that several results go out while each region contributes once.
// One transfer takes round trip + bytes / bandwidth.
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import { exchangeTimeOver, type DirectedLink } from '#proto/sync/exchange-time.ts'
import type { CodecName, SyncSettings } from '#proto/sync/settings.ts'
import type { Parts } from '#proto/sync/strategy.ts'
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { significantShare } from './config.ts'
import type { Leg } from './policy.ts'

export type Pair = { readonly from: string; readonly to: string }

export type Links = CatalogueIndex['link']

/** Who sends one whole model to whom in a round in which everybody takes part. */
export function roundPairs(regions: readonly string[], hub = regions[0]): readonly Pair[] {
  if (regions.length <= 2 || hub === undefined) return allPairs(regions)
  return regions
    .filter((region) => region !== hub)
    .flatMap((spoke) => [
      { from: spoke, to: hub },
      { from: hub, to: spoke },
    ])
}

export function allPairs(regions: readonly string[]): readonly Pair[] {
  return regions.flatMap((from) => regions.filter((to) => to !== from).map((to) => ({ from, to })))
}

/** Rounds that are committed while every region contributes once: one where they wait for each other. */
export function commitsPerInterval(
  { membership }: Parts,
  { quorum, graceMaxMs }: SyncSettings,
  regions: number,
): number {
  if (membership !== 'rounds' || graceMaxMs > 0) return 1
  const majority = Math.floor(regions / 2) + 1
  return regions / Math.max(1, Math.min(regions, quorum === 0 ? majority : quorum))
}

/** Whole models that a region sends per round that it counts, on average over the regions. */
export function sendsPerRound(parts: Parts, settings: SyncSettings, regions: number): number {
  const { membership, apply } = parts
  if (regions < 2) return 0
  if (membership === 'rounds') {
    const contributing = 1 / commitsPerInterval(parts, settings, regions)
    return regions === 2 ? contributing : ((regions - 1) * (1 + contributing)) / regions
  }
  return apply === 'mass-mean' ? 1 : regions - 1
}

/** Bytes of a whole model of so many elements. What is significant is not known beforehand, so asp is a guess. */
export function exchangeBytes(elements: number, codec: CodecName, { density }: SyncSettings, { what }: Parts): number {
  if (what === 'significant-changes') return Math.round(6 * significantShare * elements)
  return encodedBytes(codec, Math.round(elements), density)
}

/** How long a round is under way. Links that the catalogue does not know are taken as those back, else as free. */
export function roundSeconds(regions: readonly string[], links: Links, bytes: number, hub = regions[0]): number {
  return (
    exchangeTimeOver({ regions, hub: hub ?? null }, (from, to) => directedLink(links, from, to), bytes)?.seconds ?? 0
  )
}

function directedLink(links: Links, from: string, to: string): DirectedLink | null {
  const link = links(from, to) ?? links(to, from)
  if (link === null) return null
  return { from, to, bytesPerSecond: link.mbitPerSecond * 125_000, roundTripMs: link.roundTripMs }
}

export function transferSeconds(links: Links, { from, to }: Pair, bytes: number): number {
  const { delaySeconds, secondsPerByte } = legOf(links, from, to)
  return delaySeconds + bytes * secondsPerByte
}

/** Free where the catalogue knows no such link. */
export function legOf(links: Links, from: string, to: string): Leg {
  const link = links(from, to)
  if (link === null) return { delaySeconds: 0, secondsPerByte: 0 }
  return { delaySeconds: link.roundTripMs / 1000, secondsPerByte: 1 / (link.mbitPerSecond * 125_000) }
}

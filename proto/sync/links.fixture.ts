// Builders of links as they are measured.
import type { DirectedLink } from './exchange-time.ts'

export function aLink(from: string, to: string, mbitPerSecond: number, roundTripMs: number): DirectedLink {
  return { from, to, bytesPerSecond: mbitPerSecond * 125_000, roundTripMs }
}

/** Every region to every other one. */
export function links(regions: readonly string[], mbitPerSecond: number, roundTripMs: number): DirectedLink[] {
  return regions.flatMap((from) => {
    return regions.filter((to) => to !== from).map((to) => aLink(from, to, mbitPerSecond, roundTripMs))
  })
}

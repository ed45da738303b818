// What `cloudless catalog refresh` has brought from clouds, kept under CLOUDLESS_HOME for every command that looks at prices.
import { join } from 'node:path'
import { readFetched, type FetchedLayers } from '#regions/fetched/fetched-layers.ts'
import { staleAfterMs } from '#regions/fetched/config.ts'
import type { Context } from './context.ts'
import { formatSeconds } from './units.ts'

export function fetchedFolder(home: string): string {
  return join(home, 'catalogue')
}

/** Tells what can not be used. */
export async function fetchedLayers({ home, output }: Pick<Context, 'home' | 'output'>): Promise<FetchedLayers> {
  const found = await readFetched(fetchedFolder(home))
  for (const warning of found.warnings) output.warn(warning)
  return found
}

export type LayerAge = {
  readonly layer: string
  readonly fetchedAtMs: number
  readonly ageSeconds: number
  readonly stale: boolean
}

export function agesOf({ layers }: Pick<FetchedLayers, 'layers'>, nowMs: number): readonly LayerAge[] {
  return layers.map(({ id, fetchedAtMs }) => {
    const ageMs = Math.max(0, nowMs - fetchedAtMs)
    return { layer: id, fetchedAtMs, ageSeconds: Math.round(ageMs / 1000), stale: ageMs > staleAfterMs }
  })
}

/** For example "aws 26 min 3 s old, tencent 5 h 10 min old (stale: refresh it)". */
export function ageText(ages: readonly LayerAge[]): string {
  return ages
    .map(
      ({ layer, ageSeconds, stale }) =>
        `${layer} ${formatSeconds(ageSeconds)} old${stale ? ' (stale: refresh it)' : ''}`,
    )
    .join(', ')
}

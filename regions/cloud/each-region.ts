// Regions asked side by side. The first that fails ends the others: a layer is whole or it is none.
import type { RefreshRequest } from '#regions/adapter.ts'

export async function eachRegion<T>(
  regions: readonly string[],
  request: RefreshRequest,
  ask: (region: string, signal: AbortSignal) => Promise<{ readonly found: T; readonly text: string }>,
): Promise<readonly T[]> {
  const ended = new AbortController()
  const signal = AbortSignal.any([request.signal, ended.signal])
  let regionsDone = 0
  try {
    return await Promise.all(
      regions.map(async (region) => {
        const { found, text } = await ask(region, signal)
        regionsDone += 1
        request.onProgress({ regionsDone, regionsTotal: regions.length, text })
        return found
      }),
    )
  } finally {
    ended.abort()
  }
}

// Copies of weights on GPUs that instances of a function use together: a process of their own holds each, so it is in no share
// (worker/cloudless/serve/gpu_weights.py). It is charged to the function: once per GPU and model, from the first instance there until the
// last has gone. What is not told yet of a GPU where the function has come is taken to be what it is elsewhere.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#runtime/clock.ts'

export type SharedWeights = {
  readonly functionId: string
  readonly deviceId: string
  /** Which model of the function: each is there once. */
  readonly key: string
  readonly bytes: number
}

/** Models of one function on one machine; what is beyond is a function's own mischief, and is not looked at. */
const copiesMax = 256
/** Beside it lie its locks, and what is not whole yet. */
const handleName = /^(?<key>[0-9a-f]{32})\.on-(?<device>[A-Za-z0-9][A-Za-z0-9-]{0,99})(?<!-lock|-holder|-new)$/

/** What the function's folder says; a copy has a handle there for as long as somebody uses it. */
export async function readSharedWeights(functionId: string, folder: string): Promise<readonly SharedWeights[]> {
  const names = await readdir(folder).catch(() => [])
  const handles = names.flatMap((name) => {
    const { key, device } = handleName.exec(name)?.groups ?? {}
    return key === undefined || device === undefined ? [] : [{ key, deviceId: device }]
  })
  const found = await Promise.all(
    handles.slice(0, copiesMax).map(async ({ key, deviceId }) => {
      const bytes = await stat(join(folder, `${key}.weights`)).then(
        ({ size }) => size,
        () => 0,
      )
      return { functionId, deviceId, key, bytes }
    }),
  )
  const order = (one: SharedWeights): string => `${one.deviceId} ${one.key}`
  return found.filter(({ bytes }) => bytes > 0).sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

/** In bytes beside all shares of the device; `functions`: those with an instance there, and one that may come. */
export function weightsBytes(told: readonly SharedWeights[], deviceId: string, functions: Iterable<string>): number {
  const here = told.filter((weights) => weights.deviceId === deviceId)
  let bytes = here.reduce((sum, weights) => sum + weights.bytes, 0)
  for (const functionId of new Set(functions)) {
    if (here.some((weights) => weights.functionId === functionId)) continue
    bytes += Math.max(0, ...told.filter((weights) => weights.functionId === functionId).map((weights) => weights.bytes))
  }
  return bytes
}

export type WeightsWatch = {
  readonly clock: Clock
  readonly pollMs: number
  readonly functions: () => readonly string[]
  readonly read: (functionId: string) => Promise<readonly SharedWeights[]>
  readonly onChange: (weights: readonly SharedWeights[]) => void
}

export async function watchWeights(watch: WeightsWatch, signal: AbortSignal): Promise<void> {
  let known = '[]'
  for (;;) {
    await watch.clock.sleep(watch.pollMs, signal)
    if (signal.aborted) return
    const found = await Promise.all(watch.functions().map((functionId) => watch.read(functionId)))
    const now = JSON.stringify(found.flat())
    if (signal.aborted || now === known) continue
    known = now
    watch.onChange(found.flat())
  }
}

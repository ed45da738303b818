// What an instance of a function tells: a small file that it replaces every second, so that it outlives agents and an agent that
// comes later reads it all the same. Whatever a function writes there itself can at worst be no status.
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ServingStatus__Output } from '#proto/generated/cloudless/v1/ServingStatus.ts'
import type { Folders } from './folders.ts'

export type ServingReport = {
  readonly attempt: number
  /** Grows every second while the instance lives. */
  readonly beat: number
  /** host:port; '' while it does not answer. */
  readonly endpoint: string
  /** The same for gRPC. */
  readonly grpcEndpoint: string
  readonly status: ServingStatus__Output
}

/** Null where there is none, or none that can be read. */
export type ReadServing = (instanceId: string) => Promise<ServingReport | null>

const bytesMax = 16 * 1024

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)
const amount = z.number().min(0).max(1e12)
const schema = z.object({
  attempt: count,
  beat: count,
  endpoint: z.string().max(300),
  grpcEndpoint: z.string().max(300).default(''),
  isReady: z.boolean(),
  requests: count,
  errors: count,
  overSlo: count,
  requestsPerSecond: amount,
  latencyMs: amount,
  queued: count.max(0xffff_ffff),
  capacityPerSecond: amount,
})

export function servingFiles(folders: Pick<Folders, 'serving'>): ReadServing {
  return async (instanceId) => parseServing(await readStart(join(folders.serving(instanceId), 'status.json')))
}

export function parseServing(text: string | null): ServingReport | null {
  if (text === null) return null
  const parsed = schema.safeParse(jsonOf(text))
  if (!parsed.success) return null
  const { attempt, beat, endpoint, grpcEndpoint, ...status } = parsed.data
  return { attempt, beat, endpoint, grpcEndpoint, status }
}

async function readStart(path: string): Promise<string | null> {
  try {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(bytesMax), 0, bytesMax, 0)
      return buffer.subarray(0, bytesRead).toString('utf8')
    } finally {
      await file.close()
    }
  } catch {
    // Not there yet, or of a runtime that keeps none.
    return null
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

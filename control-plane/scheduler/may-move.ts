// Where data may be moved to: names of regions, or beginnings of them that end in "*".
import type { JobSpec } from '#control-plane/model/job.ts'

/** Whether all shards of `from` may be trained on in `to`. A region's shards go together: they are one partition's. */
export function mayMove(spec: JobSpec, from: string, to: string): boolean {
  const shards = spec.shards.filter(({ region, samples }) => region === from && samples > 0)
  return shards.length > 0 && shards.every(({ mayMoveTo }) => mayMoveTo.some((pattern) => isMeant(pattern, to)))
}

export function isMeant(pattern: string, region: string): boolean {
  return pattern.endsWith('*') ? region.startsWith(pattern.slice(0, -1)) : pattern === region
}

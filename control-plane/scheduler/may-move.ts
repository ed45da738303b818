// Where data may be moved to: names of regions, or beginnings of them that end in "*".
import type { JobSpec } from '#control-plane/model/job.ts'

/** Whether all shards of `from` may be trained on in `to`. A region's shards go together: they are one partition's. */
export function mayMove(spec: JobSpec, from: string, to: string): boolean {
  const shards = spec.shards.filter(({ region, samples }) => region === from && samples > 0)
  return shards.length > 0 && shards.every(({ mayMoveTo }) => mayMoveTo.some((pattern) => isMeant(pattern, to)))
}

export type MayMove = (from: string, to: string) => boolean

/** The same for many questions about one job. */
export function movesOf(spec: JobSpec): MayMove {
  const shards = spec.shards.filter(({ samples }) => samples > 0)
  const patterns = new Map(
    [...Map.groupBy(shards, ({ region }) => region)].map(([region, own]) => {
      const different = new Map(own.map(({ mayMoveTo }) => [mayMoveTo.join(' '), mayMoveTo]))
      return [region, [...different.values()]] as const
    }),
  )
  return (from, to) => patterns.get(from)?.every((any) => any.some((pattern) => isMeant(pattern, to))) ?? false
}

export function isMeant(pattern: string, region: string): boolean {
  return pattern.endsWith('*') ? region.startsWith(pattern.slice(0, -1)) : pattern === region
}

// What a stager writes once all of a partition's data from elsewhere is here, and its agent reads before it starts the
// partition: the shards, and every file with its length.
import { join } from 'node:path'
import { z } from 'zod'

export const stagedSchema = z.object({
  /** Where each shard lies here. */
  shards: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), bytes: z.number().int().min(0) })),
})
export type StagedMark = z.infer<typeof stagedSchema>

export function stagedMarkOf(folder: string): string {
  return join(folder, 'staged.json')
}

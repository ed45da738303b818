// What a local cluster leaves on disk about itself, so that another command can find it, stop it, or see that it crashed.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const identitySchema = z.strictObject({ pid: z.int().positive(), startedAt: z.string() })

const stateSchema = z.strictObject({
  version: z.literal(1),
  /** The control plane's address; empty while starting. */
  address: z.string(),
  regions: z.array(z.string()),
  /** The process that looks after the cluster. */
  owner: identitySchema,
  processes: z.array(z.strictObject({ name: z.string(), ...identitySchema.shape })),
})

export type ClusterState = z.infer<typeof stateSchema>

export function stateFile(folder: string): string {
  return join(folder, 'cluster.json')
}

/** Null when there is no cluster; a file that cannot be understood counts as none, but is kept. */
export function readClusterState(folder: string): ClusterState | null {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(stateFile(folder), 'utf8')))
  } catch {
    return null
  }
}

/** Replaces the file in one step: a reader sees the old or the new state. */
export function writeClusterState(folder: string, state: ClusterState): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const next = `${stateFile(folder)}.${process.pid}`
  writeFileSync(next, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(next, stateFile(folder))
}

export function removeClusterState(folder: string): void {
  rmSync(stateFile(folder), { force: true })
}

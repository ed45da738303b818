// A demo that was killed cannot clean up after itself: the next one does.
import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '#runtime/clock.ts'
import { isAlive } from '../local-cluster/process-identity.ts'
import { readClusterState } from '../local-cluster/state-file.ts'
import { stopRecorded } from '../local-cluster/stop-recorded.ts'

export const demoFolderPrefix = 'cloudless-demo-'

export async function removeStaleDemos(clock: Clock, note: (text: string) => void): Promise<void> {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(demoFolderPrefix))
  for (const folder of names.map((name) => join(tmpdir(), name))) {
    const state = readClusterState(folder)
    // Without a state file it may just be starting, or be another user's.
    if (state === null || isAlive(state.owner)) continue
    const stopped = await stopRecorded(folder, state, clock)
    rmSync(folder, { recursive: true, force: true })
    note(`cleaned up after an earlier demo that was killed (${stopped} processes were left)`)
  }
}

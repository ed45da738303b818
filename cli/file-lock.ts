// One process at a time: an exclusively made file that names its holder. A lock whose holder ended is taken over.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { present } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from './config.ts'
import { identify, isAlive, type ProcessIdentity } from './local-cluster/process-identity.ts'

export type LockOptions = {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called once when another process holds the lock. */
  readonly onWait: (holder: ProcessIdentity) => void
}

/** Waits for the lock, holds it during `work`. */
export async function withFileLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  let hasTold = false
  while (!tryLock(path)) {
    const holder = holderOf(path)
    if (holder === null || !isAlive(holder)) {
      takeAway(path, holder)
      continue
    }
    if (!hasTold) options.onWait(holder)
    hasTold = true
    await options.clock.sleep(waits.pollMs, options.signal)
    if (options.signal.aborted)
      throw new CloudlessError('cancelled', 'INTERRUPTED', 'interrupted while waiting for a lock')
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

function tryLock(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify(present(identify(process.pid), 'own process')), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function holderOf(path: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity
  } catch {
    return null
  }
}

/** Moves the dead lock aside first, so that of two waiters only one removes it, and looks again at what it moved. */
function takeAway(path: string, seen: ProcessIdentity | null): void {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = holderOf(aside)
  if (moved !== null && moved.pid !== seen?.pid && isAlive(moved)) {
    // A new holder had come in between: give it back.
    renameSync(aside, path)
    return
  }
  rmSync(aside, { force: true })
}

// A process id is used again after its process ended; together with its start time it names one process for good.
// Linux reads /proc; elsewhere `ps` tells to the second.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export type ProcessIdentity = { readonly pid: number; readonly startedAt: string }

/** Identity of a running process; null when there is none (a zombie has ended). */
export function identify(pid: number): ProcessIdentity | null {
  const startedAt = process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid)
  return startedAt === null ? null : { pid, startedAt }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt
}

/** Signals the process, or with `isGroup` its whole group, only if it still is the one that was recorded. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals, isGroup: boolean): boolean {
  if (!isAlive(identity)) return false
  try {
    process.kill(isGroup ? -identity.pid : identity.pid, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

function startFromProc(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces and parentheses: count fields after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return null
    return `${bootId()}/${fields[19] ?? ''}`
  } catch {
    return null
  }
}

/** Start times count from boot, so the boot belongs to the identity. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

function startFromPs(pid: number): string | null {
  const result = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
  const text = result.stdout?.trim() ?? ''
  return result.status === 0 && text !== '' ? text : null
}

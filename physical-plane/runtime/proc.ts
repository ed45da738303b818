// Reads Linux's /proc: which processes are alive, to which group they belong and which run started them. A process is
// known by pid AND start time, because pids come back. Limit: without /proc nothing is adopted after a restart.
import { readFileSync, readdirSync } from 'node:fs'

export type ProcessStat = {
  readonly pid: number
  readonly group: number
  /** Clock ticks from boot to the start of the process. */
  readonly startTicks: number
  readonly isZombie: boolean
}

/** The environment variable that marks all processes of a run, also those that left its process group. */
export const runMark = 'CLOUDLESS_RUN'

/** Null when there is no such process. */
export function readStat(pid: number): ProcessStat | null {
  const text = readOrNull(`/proc/${pid}/stat`)
  return text === null ? null : parseStat(text)
}

/** The command's name stands in parentheses and may hold anything, even parentheses and line ends. */
export function parseStat(text: string): ProcessStat | null {
  const pid = Number.parseInt(text, 10)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const group = Number(fields[2])
  const startTicks = Number(fields[19])
  if (!Number.isInteger(pid) || !Number.isInteger(group) || !Number.isInteger(startTicks)) return null
  return { pid, group, startTicks, isZombie: fields[0] === 'Z' || fields[0] === 'X' }
}

export function isAlive(pid: number, startTicks: number): boolean {
  const stat = readStat(pid)
  return stat !== null && stat.startTicks === startTicks && !stat.isZombie
}

/** Living processes of a run: marked by it in their environment, or in `group` when its leader was seen alive. */
export function processesOfRun(mark: string, group: number | null): readonly number[] {
  const found: number[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readStat(Number(name))
    if (stat === null || stat.isZombie) continue
    if (stat.group === group || hasMark(stat.pid, mark)) found.push(stat.pid)
  }
  return found
}

/** Differs after every boot of the machine; '' where it cannot be read. */
export function readBootId(): string {
  return (readOrNull('/proc/sys/kernel/random/boot_id') ?? '').trim()
}

function hasMark(pid: number, mark: string): boolean {
  const environment = readOrNull(`/proc/${pid}/environ`)
  return environment !== null && environment.split('\0').includes(`${runMark}=${mark}`)
}

/** Processes end, and belong to others, while they are read. */
function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null
  }
}

// The machine's processes as a manager asks of them: whether one lives, and which instance it was started for.
import { readFileSync } from 'node:fs'
import { readStat } from '#physical-plane/runtime/proc.ts'

/** What is asked of the machine's processes; a value, so that tests hand in their own. */
export type ProcessTable = {
  /** Null when there is no such process (any more). */
  readonly startTicks: (pid: number) => number | null
  /** CLOUDLESS_GPU_TAG in the environment that the process began with; null when it cannot be read. */
  readonly tagOf: (pid: number) => bigint | null
}

export const systemProcesses: ProcessTable = {
  startTicks: (pid) => {
    const stat = readStat(pid)
    return stat === null || stat.isZombie ? null : stat.startTicks
  },
  tagOf: (pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/environ`, 'latin1')
      const tag = /(?:^|\0)CLOUDLESS_GPU_TAG=(\d{1,20})(?:\0|$)/.exec(text)?.[1]
      return tag === undefined ? null : BigInt(tag)
    } catch {
      return null
    }
  },
}

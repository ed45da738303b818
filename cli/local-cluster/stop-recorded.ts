// Stops what a state file recorded: by process id and start time, agents before the control plane, and then whatever
// else was started for this cluster and outlived its parent (training processes of an agent that was killed).
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import type { Clock } from '#runtime/clock.ts'
import { waits } from '../config.ts'
import { identify, isAlive, signalProcess, type ProcessIdentity } from './process-identity.ts'
import { removeClusterState, type ClusterState } from './state-file.ts'

/** Set in the environment of everything a local cluster starts; names the cluster's folder. */
export const clusterVariable = 'CLOUDLESS_LOCAL_CLUSTER'

/** How many processes were still there. */
export async function stopRecorded(folder: string, state: ClusterState, clock: Clock): Promise<number> {
  const { owner, processes } = state
  let stopped = 0
  // The owner stops its cluster in order by itself; only what it leaves is ours.
  if (owner.pid !== process.pid && (await end(owner, clock, waits.processStopMs * 2))) stopped += 1
  // Started last, stopped first.
  const agents = processes.filter(({ name }) => name.startsWith('agent')).reverse()
  const others = processes.filter(({ name }) => !name.startsWith('agent')).reverse()
  for (const group of [agents, others]) {
    const counts = await Promise.all(group.map((each) => end(each, clock, waits.processStopMs)))
    stopped += counts.filter(Boolean).length
  }
  stopped += await stopLeftovers(folder, clock)
  removeClusterState(folder)
  return stopped
}

/** Kills what carries this cluster's mark or works in its folder. Linux only: elsewhere agents alone see to it. */
export async function stopLeftovers(folder: string, clock: Clock): Promise<number> {
  const found = markedProcesses(folder)
  const counts = await Promise.all(found.map((each) => end(each, clock, 2000)))
  return counts.filter(Boolean).length
}

export function markedProcesses(folder: string): readonly ProcessIdentity[] {
  if (process.platform !== 'linux') return []
  const mark = `${clusterVariable}=${folder}`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => environmentOf(pid).includes(mark) || workingFolderOf(pid).startsWith(`${folder}/`))
    .flatMap((pid) => identify(Number(pid)) ?? [])
}

/** Empty for processes of other users and those that just ended. */
function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function workingFolderOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

async function end(identity: ProcessIdentity, clock: Clock, graceMs: number): Promise<boolean> {
  if (!signalProcess(identity, 'SIGTERM', false)) return false
  const untilMs = clock.monotonicMs() + graceMs
  while (isAlive(identity)) {
    if (clock.monotonicMs() > untilMs) signalProcess(identity, 'SIGKILL', false)
    await clock.sleep(50)
  }
  return true
}

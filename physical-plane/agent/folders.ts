// Where an agent keeps its things on this machine. Sockets live in a folder with a short name, because their paths have
// a limit of about 100 characters; the state folder may be anywhere.
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { CloudlessError } from '#runtime/errors.ts'

export type Folders = {
  readonly state: string
  readonly instances: string
  readonly bundles: string
  readonly journal: string
  readonly sockets: string
  readonly agentSocket: string
  /** The durable folder of a job's partition in this region; it survives attempts. */
  readonly job: (jobId: string) => string
  /** What an instance of a function is started with, and its status. */
  readonly serving: (instanceId: string) => string
  /** Of the process that answers for the region's functions. */
  readonly gateway: string
  readonly workerSocket: (jobId: string) => string
  /** Training data of other regions that a job trains on here. */
  readonly staged: (jobId: string) => string
  readonly allStaged: string
  /** Tensors shared by a partition's processes: memory where the machine has a folder for it. */
  readonly shared: (jobId: string) => string
}

const statePathMax = 60

export function openFolders(statePath: string): Folders {
  mkdirSync(statePath, { recursive: true, mode: 0o700 })
  const state = realpathSync(statePath)
  const key = shortHash(state)
  const sockets =
    state.length <= statePathMax ? join(state, 'sockets') : join(tmpdir(), `cloudless-${userInfo().uid}-${key}`)
  makeOwn(sockets)
  const memory = existsSync('/dev/shm') ? '/dev/shm' : sockets
  return {
    state,
    instances: join(state, 'instances'),
    bundles: join(state, 'bundles'),
    journal: join(state, 'journal'),
    sockets,
    agentSocket: join(sockets, 'agent.sock'),
    job: (jobId) => join(state, 'jobs', jobId),
    serving: (instanceId) => join(state, 'serving', encodeURIComponent(instanceId)),
    gateway: join(state, 'gateway'),
    workerSocket: (jobId) => join(sockets, `${shortHash(jobId)}.sock`),
    staged: (jobId) => join(state, 'staged', jobId),
    allStaged: join(state, 'staged'),
    shared: (jobId) => join(memory, `cloudless-${shortHash(`${state}\n${jobId}`)}`),
  }
}

/** A folder in a place where others may write must be ours, or someone else could listen in our place. */
function makeOwn(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const found = lstatSync(path)
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o022) !== 0)
    throw new CloudlessError(
      'conflict',
      'FOLDER_NOT_OURS',
      `${path} belongs to someone else or is open to others; remove it`,
    )
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

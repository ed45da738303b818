// NVIDIA's multi-process service: with it kernels of several processes run on one GPU at the same time instead of in turns. Used
// where it is: the machine's own daemon, the one that an agent before this one has started, or one that is started now, with
// its pipes and logs in folders of the agent's. Stopped with the agent only where an agent has started it and no instances stay.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'

export type MpsOptions = {
  /** Short: sockets lie in it. */
  readonly folder: string
  readonly environment: NodeJS.ProcessEnv
  readonly log: Log
}

export type Mps = {
  /** CUDA_MPS_PIPE_DIRECTORY of every process that is to use it. */
  readonly pipeFolder: string
  /** An agent has started it, this one or one before. */
  readonly isOurs: boolean
  /** Ends it where it is ours. */
  readonly stop: () => Promise<void>
}

const control = 'nvidia-cuda-mps-control'
const timeoutMs = 10_000
const outputBytesMax = 1 << 20
/** Where the daemon listens that somebody started without saying where. */
const machineFolder = '/tmp/nvidia-mps'

/** Null where there is no MPS and none can be started; the log says why. */
export async function openMps(options: MpsOptions): Promise<Mps | null> {
  const { folder, environment, log } = options
  const others = environment['CUDA_MPS_PIPE_DIRECTORY'] ?? machineFolder
  if (existsSync(join(others, 'control')) && (await answers(others, options))) {
    log.info({ pipeFolder: others }, 'GPUs are shared under the MPS that runs on this machine')
    return { pipeFolder: others, isOurs: false, stop: () => Promise.resolve() }
  }
  const pipeFolder = join(folder, 'pipe')
  const ours: Mps = { pipeFolder, isOurs: true, stop: () => stop(pipeFolder, options) }
  if (existsSync(startedMark(folder)) && (await answers(pipeFolder, options))) return ours
  try {
    for (const name of ['pipe', 'log']) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 })
    // Before it starts: after a crash in between the next agent knows whose it is.
    writeFileSync(startedMark(folder), '')
    await ask(['-d'], '', pipeFolder, options)
    if (!(await answers(pipeFolder, options))) throw new Error('it does not answer after its start')
    log.info({ pipeFolder }, 'MPS started: GPUs are shared under it')
    return ours
  } catch (error) {
    rmSync(startedMark(folder), { force: true })
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const why = isAbsent ? `there is no ${control} on PATH` : messageOf(error).trim()
    log.info({ why }, 'no MPS; processes that share a GPU take turns on it')
    return null
  }
}

function startedMark(folder: string): string {
  return join(folder, 'started-by-agent')
}

async function stop(pipeFolder: string, options: MpsOptions): Promise<void> {
  try {
    await ask([], 'quit\n', pipeFolder, options)
    rmSync(startedMark(options.folder), { force: true })
  } catch (error) {
    options.log.warn({ pipeFolder, why: messageOf(error).trim() }, 'MPS could not be stopped')
  }
}

async function answers(pipeFolder: string, options: MpsOptions): Promise<boolean> {
  try {
    await ask([], 'get_server_list\n', pipeFolder, options)
    return true
  } catch {
    return false
  }
}

/** What it prints; rejects when it ends with another code than 0. */
function ask(
  args: readonly string[],
  input: string,
  pipeFolder: string,
  { folder, environment }: MpsOptions,
): Promise<string> {
  const env = { ...environment, CUDA_MPS_PIPE_DIRECTORY: pipeFolder, CUDA_MPS_LOG_DIRECTORY: join(folder, 'log') }
  return new Promise((resolve, reject) => {
    const limits = { timeout: timeoutMs, maxBuffer: outputBytesMax, killSignal: 'SIGKILL' as const }
    const child = execFile(control, [...args], { env, ...limits }, (error, stdout) => {
      if (error === null) resolve(stdout)
      else reject(error)
    })
    // It may end without reading.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}

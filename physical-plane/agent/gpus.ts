// Asks nvidia-smi which GPUs this machine has. Without it, or when it fails, there are none, and the log says so.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { gpuQuery, parseGpus, type Device } from './devices.ts'

const askTimeoutMs = 10_000

export async function findGpus(log: Log): Promise<readonly Device[]> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', [...gpuQuery], { timeout: askTimeoutMs })
    return parseGpus(stdout)
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isAbsent) log.warn({ why: messageOf(error) }, 'nvidia-smi fails; this agent offers no GPUs')
    return []
  }
}

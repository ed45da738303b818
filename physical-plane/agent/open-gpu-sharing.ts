// What this agent has for sharing GPUs: the interposer built here, the managers of its GPUs, MPS where it can be had. Without a
// compiler, or told not to, GPUs are handed out whole, and whoever asks for a share hears why.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sharingConfig } from '#physical-plane/gpu-sharing/config.ts'
import { systemProcesses } from '#physical-plane/gpu-sharing/system-processes.ts'
import type { TimeSharing } from '#physical-plane/gpu-sharing/device-manager.ts'
import { openSharing } from '#physical-plane/gpu-sharing/sharing.ts'
import { buildInterposer } from '#physical-plane/interposer/build-interposer.ts'
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Folders } from './folders.ts'
import { GpuShares } from './gpu-shares.ts'
import { openMps, type Mps } from './mps.ts'
import type { SharingMeans } from './nvidia/devices-of-log.ts'

export type GpuSharingOptions = {
  readonly isOn: boolean
  readonly usesMps: boolean
  readonly timeSharing: TimeSharing
  readonly hasGpus: boolean
  readonly folders: Folders
  readonly environment: NodeJS.ProcessEnv
  readonly clock: Clock
  /** CLOCK_MONOTONIC. */
  readonly monotonicNs: () => number
  readonly log: Log
}

export type OpenGpuSharing = { readonly shares: GpuShares; readonly means: SharingMeans; readonly mps: Mps | null }

export async function openGpuSharing(options: GpuSharingOptions): Promise<OpenGpuSharing> {
  const { isOn, usesMps, timeSharing, hasGpus, folders, environment, clock, log, monotonicNs } = options
  const nothing = (offBecause: string): OpenGpuSharing => {
    return { shares: new GpuShares(null), means: { offBecause, mps: 'none' }, mps: null }
  }
  if (!isOn) return nothing('the agent runs with --gpu-sharing off')
  if (!hasGpus) return nothing('this machine has no GPU that nvidia-smi knows')
  try {
    const library = await buildInterposer({ folder: join(folders.state, 'interposer') })
    const memory = existsSync('/dev/shm') ? '/dev/shm' : folders.sockets
    const given = { clock, monotonicNs, processes: systemProcesses, log, config: sharingConfig, timeSharing }
    const sharing = openSharing({ folder: memory, owner: folders.state }, given)
    const mps = usesMps ? await openMps({ folder: join(folders.sockets, 'mps'), environment, log }) : null
    const shares = new GpuShares({ sharing, library, mpsPipeFolder: mps?.pipeFolder ?? null })
    return { shares, means: { offBecause: '', mps: mps === null ? 'none' : mps.isOurs ? 'ours' : 'machine' }, mps }
  } catch (error) {
    log.warn({ why: messageOf(error) }, 'GPUs are handed out whole')
    return nothing(messageOf(error))
  }
}

// The machine's GPUs at the agent's start: what nvidia-smi lists, opened for sharing where that can be, and how to look again.
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import { agentConfig } from './config.ts'
import type { Device } from './devices.ts'
import type { Flags } from './flags.ts'
import type { Folders } from './folders.ts'
import type { GpuShares } from './gpu-shares.ts'
import type { Mps } from './mps.ts'
import { smiAsker, type SmiAnswer } from './nvidia/ask-smi.ts'
import { devicesOfLog } from './nvidia/devices-of-log.ts'
import type { GpuWatch } from './nvidia/watch-gpus.ts'
import { openGpuSharing } from './open-gpu-sharing.ts'

export type FoundGpus = {
  readonly devices: readonly Device[]
  readonly shares: GpuShares
  readonly mps: Mps | null
  /** Null where there will never be GPUs. */
  readonly watch: Omit<GpuWatch, 'onChange'> | null
}

export async function findGpus(options: {
  readonly flags: Pick<Flags, 'sharesGpus' | 'usesMps' | 'timeSharing'>
  readonly folders: Folders
  readonly environment: NodeJS.ProcessEnv
  readonly clock: Clock
  readonly log: Log
  readonly monotonicNs: () => number
}): Promise<FoundGpus> {
  const { flags, environment, clock, log } = options
  const ask = smiAsker(environment)
  const answer = await ask()
  if (answer.kind === 'failed') log.warn({ why: answer.why }, 'nvidia-smi fails; this agent offers no GPUs for now')
  const hasGpus = answer.kind !== 'absent'
  const { sharesGpus: isOn, usesMps, timeSharing } = flags
  const { shares, means, mps } = await openGpuSharing({ ...options, isOn, usesMps, timeSharing, hasGpus })
  const devicesOf = (answered: SmiAnswer & { readonly kind: 'answered' }): readonly Device[] =>
    devicesOfLog(answered.log, answered.migNames, means)
  const devices = answer.kind === 'answered' ? devicesOf(answer) : []
  if (answer.kind === 'answered') {
    const { driverVersion, cudaVersion } = answer.log
    const gpus = devices.map(({ id, model, sharing, wholeBecause }) => ({ id, model, sharing, wholeBecause }))
    log.info({ driverVersion, cudaVersion, mps: means.mps, gpus }, 'GPUs found')
  }
  const { gpuPollMs: pollMs, gpuFailuresMax: failuresMax } = agentConfig
  return { devices, shares, mps, watch: hasGpus ? { ask, devicesOf, clock, log, pollMs, failuresMax } : null }
}

// The agent's side of shared GPUs: registers every run on a share with the manager of its GPU before the run starts, gives its
// processes the environment by which the interposer finds that manager, and tells what each instance uses. A run is known by
// a tag made of its instance and attempt, so that the next agent knows it too.
import { createHash } from 'node:crypto'
import { environmentOf, type GpuSharing, type Objective, type Role } from '#physical-plane/gpu-sharing/gpu-sharing.ts'
import type { Slice } from '#physical-plane/runtime/runtime.ts'
import type { DeviceUse } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { DesiredInstance } from './desired.ts'
import type { Device } from './devices.ts'
import { isShared, type ShareAsk } from './gpu-table.ts'

export type SharingTools = {
  readonly sharing: GpuSharing
  /** The interposer, which every process on a share loads. */
  readonly library: string
  /** Where MPS listens; null without it. */
  readonly mpsPipeFolder: string | null
}

/** What a run holds, and which run it is. */
export type SharedRun = { readonly attempt: number; readonly slices: readonly Slice[] }

type Latency = { readonly latencyMs: number; readonly requests: number; readonly revision: number }

export class GpuShares {
  readonly #tools: SharingTools | null
  readonly #paths = new Map<string, string>()
  /** Registered runs, by instance. */
  readonly #runs = new Map<string, { readonly attempt: number; readonly tag: bigint }>()
  readonly #latencies = new Map<string, Latency>()

  /** Null: this agent shares nothing. */
  constructor(tools: SharingTools | null) {
    this.#tools = tools
  }

  /**
   * The GPUs as they are now: those that can be shared have a manager, those that are gone have none any more. One that can
   * get none, because its shared file is not ours, say, is handed out whole.
   */
  devicesAre(devices: readonly Device[]): readonly Device[] {
    const { sharing } = this.#tools ?? {}
    if (sharing === undefined) return devices.map((device) => (isShared(device) ? whole(device, 'no manager') : device))
    const shared = devices.filter(isShared)
    for (const id of this.#paths.keys()) {
      if (shared.some((device) => device.id === id)) continue
      sharing.removeDevice(id)
      this.#paths.delete(id)
    }
    return devices.map((device) => {
      if (!isShared(device)) return device
      try {
        const { id: deviceId, memoryBytes } = device
        this.#paths.set(deviceId, sharing.addDevice({ deviceId, memoryBytes }).path)
        return device
      } catch (error) {
        return whole(device, messageOf(error))
      }
    })
  }

  /** Memory of the device that is in no run's share. */
  besideIs(deviceId: string, bytes: number): void {
    if (this.#paths.has(deviceId)) this.#tools?.sharing.besideIs(deviceId, bytes)
  }

  /** Before the run starts, or is taken over; refuses what its GPU can not give, naming instance and device. */
  begin(instance: DesiredInstance, run: SharedRun): void {
    const shared = run.slices.filter(({ share }) => share !== undefined)
    if (shared.length === 0) return
    this.#toolsFor(instance.id, shared)
    this.end(instance.id, this.#runs.get(instance.id)?.attempt ?? 0)
    this.#runs.set(instance.id, { attempt: run.attempt, tag: tagOf(instance.id, run.attempt) })
    try {
      this.#register(instance, run)
    } catch (error) {
      this.end(instance.id, run.attempt)
      throw error
    }
  }

  /** Again for a run that is registered: the newer shares hold. */
  #register(instance: DesiredInstance, run: SharedRun): void {
    const shared = run.slices.filter(({ share }) => share !== undefined)
    const { sharing } = this.#toolsFor(instance.id, shared)
    const tag = tagOf(instance.id, run.attempt)
    const { role, work, objective, isTokenByToken } = placeOf(instance)
    const latency = (): Latency | null => this.#latencies.get(instance.id) ?? null
    for (const { deviceId, share } of shared)
      sharing.register({
        instanceId: instance.id,
        tag,
        deviceId,
        role,
        work,
        isTokenByToken,
        share: share!,
        objective,
        latency: objective === null ? null : latency,
      })
  }

  /** The run goes on with other shares of its GPUs; the manager's refusal is thrown, and it keeps what it had. */
  reshape(instance: DesiredInstance, before: SharedRun, slices: readonly Slice[]): void {
    try {
      this.#register(instance, { ...before, slices })
    } catch (error) {
      this.#register(instance, before)
      throw error
    }
  }

  /** Nothing of the run is left. Idempotent. */
  end(instanceId: string, attempt: number): void {
    const run = this.#runs.get(instanceId)
    if (run === undefined || run.attempt !== attempt) return
    this.#runs.delete(instanceId)
    this.#latencies.delete(instanceId)
    this.#tools?.sharing.unregister(run.tag)
  }

  /** What a process of the run needs beside its devices; nothing without a share. */
  environmentOf(
    instance: DesiredInstance,
    { attempt, slices }: SharedRun,
    preload: string | undefined,
  ): Readonly<Record<string, string>> {
    const shared = slices.filter(({ share }) => share !== undefined)
    if (shared.length === 0) return {}
    const { library, mpsPipeFolder } = this.#toolsFor(instance.id, shared)
    const paths = shared.map(({ deviceId }) => this.#paths.get(deviceId)!)
    const memoryBytes = shared[0]!.share?.memoryBytes ?? 0
    return {
      ...environmentOf({ paths, tag: tagOf(instance.id, attempt), role: placeOf(instance).role, memoryBytes }),
      // Others that are loaded before everything stay, behind ours.
      LD_PRELOAD: preload === undefined || preload === '' ? library : `${library}:${preload}`,
      ...(mpsPipeFolder === null ? {} : { CUDA_MPS_PIPE_DIRECTORY: mpsPipeFolder }),
      ...(mpsPipeFolder === null ? {} : partOfThreads(shared)),
    }
  }

  /** How long requests of a function took lately, as its instance says. */
  heard(instanceId: string, latencyMs: number, requests: number): void {
    const revision = (this.#latencies.get(instanceId)?.revision ?? 0) + 1
    if (this.#runs.has(instanceId)) this.#latencies.set(instanceId, { latencyMs, requests, revision })
  }

  /** Device-seconds that the instance's present run has used of the GPU since it was registered. */
  usedSeconds(instanceId: string, deviceId: string): number {
    const tag = this.#runs.get(instanceId)?.tag
    const uses = this.#tools?.sharing.uses() ?? []
    return uses.find((use) => use.tag === tag && use.deviceId === deviceId)?.usedSeconds ?? 0
  }

  uses(): DeviceUse[] {
    return (this.#tools?.sharing.uses() ?? []).map((use) => ({
      deviceId: use.deviceId,
      instanceId: use.instanceId,
      share: {
        requestMilli: use.requestMilli,
        limitMilli: use.limitMilli,
        memoryBytes: use.memoryLimitBytes,
        smMilli: use.smMilli ?? 0,
      },
      usedMilli: use.usedMilli,
      quotaMilli: use.quotaMilli,
      memoryBytes: use.memoryBytes,
      state: use.state,
      reason: use.reason,
      bubbleSeconds: use.bubbleSeconds,
      filledSeconds: use.filledSeconds,
      latencyMs: use.latencyMs,
      sloMs: use.sloMs,
      sloPercentile: use.sloPercentile,
      waits: use.waits,
      waitedSeconds: use.waitedSeconds,
    }))
  }

  /** Ends the managers. Files stay where instances do: the next agent goes on with them. */
  close(options: { readonly keepsFiles: boolean }): void {
    this.#tools?.sharing.close({ removesFiles: !options.keepsFiles })
  }

  #toolsFor(instanceId: string, shared: readonly Slice[]): SharingTools {
    const missing = shared.find(({ deviceId }) => !this.#paths.has(deviceId))
    if (this.#tools !== null && missing === undefined) return this.#tools
    const device = missing?.deviceId ?? shared[0]!.deviceId
    throw new CloudlessError(
      'unavailable',
      'NOT_SHARED',
      `${instanceId} needs a share of ${device}, which has no manager`,
    )
  }
}

function whole(device: Device, wholeBecause: string): Device {
  return { ...device, sharing: 'whole', wholeBecause }
}

/** What an instance asks of each of its GPUs; null where it takes them whole, or none. */
export function askOf({ gpuShare, role, jobId, inference }: DesiredInstance): ShareAsk | null {
  if (gpuShare === null) return null
  const inferenceKind = isPerToken(inference) ? 'llm-inference' : 'inference'
  return { share: gpuShare, kind: role === 'worker' ? 'training' : inferenceKind, functionId: jobId }
}

/**
 * MPS confines a process to its part in hardware, in whole percents, read once at its start. Without MPS nothing does: tokens alone
 * keep apart who does not fit side by side.
 */
function partOfThreads(shared: readonly Slice[]): Readonly<Record<string, string>> {
  const most = Math.max(...shared.map(({ share }) => share?.smMilli ?? 1_000))
  return most >= 1_000 ? {} : { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: String(Math.ceil(most / 10)) }
}

/** Of one run, never the same again: attempts of an instance only grow, and instances' ids are not used again. */
export function tagOf(instanceId: string, attempt: number): bigint {
  const tag = createHash('sha256').update(`${instanceId}#${attempt}`).digest().readBigUInt64LE()
  // 0 stands for none.
  return tag === 0n ? 1n : tag
}

/**
 * A function with an objective is protected. Training is confined: a function with an objective may join it at any time, and a
 * process keeps the role that it started with. Where none has joined, the manager knows by the work whom the others are
 * arranged around.
 */
function placeOf({ inference }: DesiredInstance): {
  readonly role: Role
  readonly work: 'training' | 'inference'
  readonly objective: Objective | null
  readonly isTokenByToken: boolean
} {
  if (inference === null) return { role: 'confined', work: 'training', objective: null, isTokenByToken: false }
  const { slo } = inference
  if (slo === null) return { role: 'confined', work: 'inference', objective: null, isTokenByToken: false }
  const { latencyMs, percentile } = slo
  const objective = { latencyMs, percentile }
  return { role: 'protected', work: 'inference', objective, isTokenByToken: isPerToken(inference) }
}

/** An objective per token is what only a function has that answers token by token. */
function isPerToken(inference: DesiredInstance['inference']): boolean {
  return inference?.slo?.per === 'SLO_PER_TOKEN'
}

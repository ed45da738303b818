// Instances as processes: turns "run this instance" into a program with its bundle, configuration and folders, and leaves
// the rest to the process runtime. What a partition shares in memory goes away with its parameter server's run.
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { invalid } from '#runtime/errors.ts'
import { importCheckpoints } from '#physical-plane/parameter-server/checkpoints/import-checkpoints.ts'
import { partitionPrefix } from '#physical-plane/parameter-server/checkpoints/object-checkpoints.ts'
import type { ProcessRuntime } from '#physical-plane/runtime/process-runtime.ts'
import type { RecoveredRun, Run } from '#physical-plane/runtime/runtime.ts'
import type { BundleCache } from './bundle-cache.ts'
import { dataServerConfig, dataStagerConfig } from './data-programs.ts'
import type { DesiredInstance } from './desired.ts'
import type { InstanceOrder, InstanceRuntime } from './orders.ts'
import {
  ownProgram,
  parameterServerConfig,
  servingConfig,
  servingProgram,
  workerProgram,
  type ProgramOptions,
} from './programs.ts'
import { checkpointPath, checkStaged, stagedBytes, sweepStaged } from './staged-data.ts'
import type { Stored } from './storage-meter.ts'

export class FunctionRuntime implements InstanceRuntime {
  readonly #processes: ProcessRuntime
  readonly #bundles: BundleCache
  readonly #options: ProgramOptions

  constructor(processes: ProcessRuntime, bundles: BundleCache, options: ProgramOptions) {
    this.#processes = processes
    this.#bundles = bundles
    this.#options = options
  }

  recover(): Promise<readonly RecoveredRun[]> {
    return this.#processes.recover()
  }

  launch(order: InstanceOrder): Promise<Run> {
    switch (order.instance.role) {
      case 'worker':
        return this.#launchWorker(order)
      case 'parameter-server':
        return this.#launchParameterServer(order)
      case 'data-server':
        return this.#launchDataProgram(order, this.#options.dataServerScript, dataServerConfig)
      case 'data-stager':
        return this.#launchDataProgram(order, this.#options.dataStagerScript, dataStagerConfig)
      case 'inference':
        return this.#launchInference(order)
    }
  }

  stop(instanceId: string, graceMs: number): Promise<void> {
    return this.#processes.stop(instanceId, graceMs)
  }

  readLog(instanceId: string, offset: number, bytesMax: number): Promise<Uint8Array> {
    return this.#processes.readLog(instanceId, offset, bytesMax)
  }

  logBytes(instanceId: string): Promise<number> {
    return this.#processes.logBytes(instanceId)
  }

  async forget(instanceId: string): Promise<void> {
    await rm(this.#options.folders.serving(instanceId), { recursive: true, force: true })
    await this.#processes.forget(instanceId)
  }

  async forgetJob(jobId: string): Promise<void> {
    const { folders, objects, region } = this.#options
    await this.#clearShared(jobId)
    // Other regions may keep their part of the job in the same store.
    for (const partition of new Set([region, ...(await this.#partitionsOf(jobId))]))
      await objects.removeAll(partitionPrefix(jobId, partition))
    await rm(folders.job(jobId), { recursive: true, force: true })
  }

  async stored(jobId: string, partition: string): Promise<Stored> {
    const { objects, folders } = this.#options
    return {
      checkpoint: await objects.bytes(partitionPrefix(jobId, partition)),
      data: await stagedBytes(folders, jobId),
    }
  }

  sweepStaged(isNeeded: (jobId: string) => boolean): Promise<void> {
    return sweepStaged(this.#options.folders, isNeeded)
  }

  async #launchWorker(order: InstanceOrder): Promise<Run> {
    const { instance, attempt, slices } = order
    const bundleFolder = await this.#bundles.get(instance.spec.function?.bundleDigest ?? '')
    await checkEntrypoint(bundleFolder, instance)
    const program = workerProgram(instance, attempt, slices, bundleFolder, this.#options)
    return this.#processes.launch({ instanceId: instance.id, jobId: instance.jobId, attempt, slices, program })
  }

  async #launchInference({ instance, attempt, slices }: InstanceOrder): Promise<Run> {
    const { id: instanceId, jobId } = instance
    const bundleFolder = await this.#bundles.get(instance.inference?.bundleDigest ?? '')
    const folder = this.#options.folders.serving(instanceId)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await rm(join(folder, 'status.json'), { force: true })
    const config = servingConfig(instance, attempt, bundleFolder, this.#options)
    await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o600 })
    const program = servingProgram(instance, attempt, slices, this.#options)
    return this.#processes.launch({ instanceId, jobId, attempt, slices, program })
  }

  async #launchParameterServer(order: InstanceOrder): Promise<Run> {
    const { instance, attempt, slices } = order
    await checkStaged(instance, this.#options.folders)
    await this.#takeCheckpoints(instance)
    const config = parameterServerConfig(instance, attempt, this.#options)
    const configPath = join(config.stateDir, 'parameter-server.json')
    await mkdir(config.stateDir, { recursive: true, mode: 0o700 })
    await this.#clearShared(instance.jobId)
    await mkdir(config.sharedDir, { recursive: true, mode: 0o700 })
    await mkdir(dirname(config.workerSocket), { recursive: true, mode: 0o700 })
    await mkdir(this.#partitionsFolder(instance.jobId), { recursive: true, mode: 0o700 })
    await writeFile(join(this.#partitionsFolder(instance.jobId), encodeURIComponent(instance.partition)), '')
    await writeFile(configPath, JSON.stringify(config), { mode: 0o600 })
    const program = ownProgram(this.#options.parameterServerScript, configPath, this.#options)
    const run = await this.#processes.launch({
      instanceId: instance.id,
      jobId: instance.jobId,
      attempt,
      slices,
      program,
    })
    const exited = run.exited.then(async (exit) => {
      // What cannot be removed now is removed before the next launch.
      await this.#clearShared(instance.jobId).catch(() => {})
      return exit
    })
    return { ...run, exited }
  }

  /** From where the partition ran before, until it has begun here. */
  async #takeCheckpoints({ jobId, partition, checkpointFrom }: DesiredInstance): Promise<void> {
    const { folders, objects } = this.#options
    if (checkpointFrom === '') return
    await importCheckpoints(checkpointPath(folders, jobId, partition), objects, partitionPrefix(jobId, partition))
  }

  async #launchDataProgram(
    { instance, attempt, slices }: InstanceOrder,
    script: string,
    configOf: (instance: DesiredInstance, attempt: number, options: ProgramOptions) => object,
  ): Promise<Run> {
    const { folders } = this.#options
    const { id: instanceId, jobId } = instance
    const configPath = join(folders.job(jobId), `${encodeURIComponent(instanceId)}.json`)
    await mkdir(folders.job(jobId), { recursive: true, mode: 0o700 })
    await writeFile(configPath, JSON.stringify(configOf(instance, attempt, this.#options)), { mode: 0o600 })
    const program = ownProgram(script, configPath, this.#options)
    return this.#processes.launch({ instanceId, jobId, attempt, slices, program })
  }

  /** Partitions that have run here, by name: another region's where one was moved here. */
  async #partitionsOf(jobId: string): Promise<readonly string[]> {
    const names = await readdir(this.#partitionsFolder(jobId)).catch(() => [])
    return names.map((name) => decodeURIComponent(name))
  }

  #partitionsFolder(jobId: string): string {
    return join(this.#options.folders.job(jobId), 'partitions')
  }

  async #clearShared(jobId: string): Promise<void> {
    const { folders } = this.#options
    await rm(folders.workerSocket(jobId), { force: true })
    await rm(folders.shared(jobId), { recursive: true, force: true })
  }
}

async function checkEntrypoint(bundleFolder: string, instance: DesiredInstance): Promise<void> {
  const entrypoint = instance.spec.function?.entrypoint ?? ''
  const isInside = entrypoint !== '' && !entrypoint.startsWith('/') && !entrypoint.split('/').includes('..')
  const found = isInside ? await stat(join(bundleFolder, entrypoint)).catch(() => null) : null
  if (found?.isFile() !== true)
    throw invalid([
      {
        field: 'function.entrypoint',
        description: `${JSON.stringify(entrypoint)} is no file in the bundle; name a script relative to the function's folder`,
      },
    ])
}

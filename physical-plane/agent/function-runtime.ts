// Instances as processes: turns "run this instance" into a program with its bundle, configuration and folders, and leaves
// the rest to the process runtime. What a partition shares in memory goes away with its parameter server's run.
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { invalid } from '#runtime/errors.ts'
import { partitionPrefix } from '#physical-plane/parameter-server/checkpoints/object-checkpoints.ts'
import type { ProcessRuntime } from '#physical-plane/runtime/process-runtime.ts'
import type { RecoveredRun, Run } from '#physical-plane/runtime/runtime.ts'
import type { BundleCache } from './bundle-cache.ts'
import type { DesiredInstance } from './desired.ts'
import type { InstanceOrder, InstanceRuntime } from './orders.ts'
import { parameterServerConfig, parameterServerProgram, workerProgram, type ProgramOptions } from './programs.ts'

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
    return order.instance.role === 'worker' ? this.#launchWorker(order) : this.#launchParameterServer(order)
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

  forget(instanceId: string): Promise<void> {
    return this.#processes.forget(instanceId)
  }

  async forgetJob(jobId: string): Promise<void> {
    const { folders, objects, region } = this.#options
    await this.#clearShared(jobId)
    await rm(folders.job(jobId), { recursive: true, force: true })
    // Other regions may keep their part of the job in the same store.
    await objects.removeAll(partitionPrefix(jobId, region))
  }

  async #launchWorker(order: InstanceOrder): Promise<Run> {
    const { instance, attempt, slices } = order
    const bundleFolder = await this.#bundles.get(instance.spec.function?.bundleDigest ?? '')
    await checkEntrypoint(bundleFolder, instance)
    const program = workerProgram(instance, attempt, slices, bundleFolder, this.#options)
    return this.#processes.launch({ instanceId: instance.id, jobId: instance.jobId, attempt, slices, program })
  }

  async #launchParameterServer(order: InstanceOrder): Promise<Run> {
    const { instance, attempt, slices } = order
    const config = parameterServerConfig(instance, attempt, this.#options)
    const configPath = join(config.stateDir, 'parameter-server.json')
    await mkdir(config.stateDir, { recursive: true, mode: 0o700 })
    await this.#clearShared(instance.jobId)
    await mkdir(config.sharedDir, { recursive: true, mode: 0o700 })
    await mkdir(dirname(config.workerSocket), { recursive: true, mode: 0o700 })
    await writeFile(configPath, JSON.stringify(config), { mode: 0o600 })
    const program = parameterServerProgram(configPath, this.#options)
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

// What is started for an instance: the command, its folder and its environment. Functions get a chosen environment, not
// the agent's: what the agent holds (keys, tokens) is not theirs.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ObjectStore } from '#physical-plane/object-store/object-store.ts'
import type { Slice } from '#physical-plane/runtime/runtime.ts'
import type { Program } from '#physical-plane/runtime/process-runtime.ts'
import type { Slo__Output } from '#proto/generated/cloudless/v1/Slo.ts'
import type { DesiredInstance } from './desired.ts'
import type { Folders } from './folders.ts'
import type { GpuShares } from './gpu-shares.ts'
import { stagedSpec } from './staged-data.ts'

export type ProgramOptions = {
  readonly folders: Folders
  readonly region: string
  /** The region's object store: what a job's partition keeps there outlives this machine. */
  readonly objects: ObjectStore
  readonly python: string
  readonly bindHost: string
  readonly advertiseHost: string
  readonly logLevel: string
  /** The agent's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** For what runs on shares of GPUs. */
  readonly shares: GpuShares
  /** Threads for a worker on a GPU: the machine's cores shared among its GPUs. */
  readonly threadsPerGpu: number
  /** Started with `--config FILE`. */
  readonly parameterServerScript: string
  readonly dataServerScript: string
  readonly dataStagerScript: string
}

const physicalPlane = join(import.meta.dirname, '..')

/** Variables of the agent that functions need to run at all. */
const passedOn = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'VIRTUAL_ENV',
  'SSL_CERT_FILE',
]

export function workerProgram(
  instance: DesiredInstance,
  attempt: number,
  slices: readonly Slice[],
  bundleFolder: string,
  options: ProgramOptions,
): Program {
  const { folders, python, environment } = options
  const { spec, jobId, id, partition } = instance
  const own = Object.fromEntries(passedOn.flatMap((name) => entry(name, environment[name])))
  const sdk = join(physicalPlane, 'worker')
  const asked = spec.function?.environment ?? {}
  const pythonPath = [sdk, asked['PYTHONPATH']].filter((path) => path !== undefined && path !== '').join(':')
  return {
    executable: python,
    arguments: [join(bundleFolder, spec.function?.entrypoint ?? ''), ...(spec.function?.arguments ?? [])],
    folder: bundleFolder,
    environment: {
      ...own,
      PYTHONUNBUFFERED: '1',
      // Bundles are shared by instances; nothing is written into them.
      PYTHONDONTWRITEBYTECODE: '1',
      ...deviceEnvironment(slices, options.threadsPerGpu),
      ...asked,
      ...options.shares.environmentOf(instance, { attempt, slices }, asked['LD_PRELOAD']),
      PYTHONPATH: pythonPath,
      CLOUDLESS_JOB_ID: jobId,
      CLOUDLESS_INSTANCE_ID: id,
      CLOUDLESS_ATTEMPT: String(attempt),
      // Its name: what is drawn by chance stays the same wherever the partition runs.
      CLOUDLESS_REGION: partition,
      CLOUDLESS_PARAMETER_SERVER: `unix:${folders.workerSocket(jobId)}`,
      CLOUDLESS_UNITS: String(slices.reduce((sum, { units }) => sum + units, 0)),
    },
  }
}

/** An instance of a function: the serving loop, with the user's class. */
export function servingProgram(
  instance: DesiredInstance,
  attempt: number,
  slices: readonly Slice[],
  options: ProgramOptions,
): Program {
  const { folders, python, environment } = options
  const { jobId, id, region, inference } = instance
  const own = Object.fromEntries(passedOn.flatMap((name) => entry(name, environment[name])))
  const asked = inference?.environment ?? {}
  const paths = [join(physicalPlane, 'worker'), asked['PYTHONPATH']]
  return {
    executable: python,
    arguments: ['-m', 'cloudless.serve', '--config', join(folders.serving(id), 'config.json')],
    // Python looks in the folder it is started in before all others; the loop goes to the bundle once it is itself loaded.
    folder: folders.serving(id),
    environment: {
      ...own,
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      ...deviceEnvironment(slices, options.threadsPerGpu),
      ...asked,
      ...options.shares.environmentOf(instance, { attempt, slices }, asked['LD_PRELOAD']),
      PYTHONPATH: paths.filter((path) => path !== undefined && path !== '').join(':'),
      CLOUDLESS_FUNCTION_ID: jobId,
      // Where its instances share weights, and which: those of one bundle, handler and environment are the same.
      CLOUDLESS_SHARED: folders.shared(jobId),
      CLOUDLESS_SHARED_KEY: weightsKey(inference),
      CLOUDLESS_INSTANCE_ID: id,
      CLOUDLESS_ATTEMPT: String(attempt),
      CLOUDLESS_REGION: region,
    },
  }
}

function weightsKey(inference: DesiredInstance['inference']): string {
  const { bundleDigest = '', handler = '', environment = {} } = inference ?? {}
  const variables = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([bundleDigest, handler, variables]))
    .digest('hex')
}

/** What `cloudless.serve` reads. */
export function servingConfig(
  { id, inference }: DesiredInstance,
  attempt: number,
  bundleFolder: string,
  { folders, bindHost, advertiseHost }: ProgramOptions,
): Readonly<Record<string, unknown>> {
  const slo = inference?.slo ?? null
  return {
    instanceId: id,
    attempt,
    name: inference?.name ?? '',
    handler: inference?.handler ?? '',
    batchMax: inference?.batchMax ?? 1,
    timeoutMs: inference?.timeoutMs ?? 0,
    memoryBytes: inference?.memoryBytes ?? 0,
    slo: slo === null ? null : { latencyMs: slo.latencyMs, percentile: slo.percentile, per: perOf(slo) },
    bindHost,
    advertiseHost,
    statusPath: join(folders.serving(id), 'status.json'),
    bundleFolder,
  }
}

function perOf({ per }: Slo__Output): 'request' | 'token' {
  return per === 'SLO_PER_TOKEN' ? 'token' : 'request'
}

/** The devices of the slice and no others, and as many threads as it has. */
export function deviceEnvironment(slices: readonly Slice[], threadsPerGpu: number): Readonly<Record<string, string>> {
  const gpus = slices.filter(({ deviceModel }) => deviceModel !== 'cpu')
  const units = slices.reduce((sum, slice) => sum + (slice.deviceModel === 'cpu' ? slice.units : 0), 0)
  const threads = String(Math.max(1, gpus.length === 0 ? units : units + gpus.length * threadsPerGpu))
  return {
    CUDA_VISIBLE_DEVICES: gpus.map(({ deviceId }) => deviceId).join(','),
    OMP_NUM_THREADS: threads,
    MKL_NUM_THREADS: threads,
    OPENBLAS_NUM_THREADS: threads,
  }
}

export type ParameterServerConfig = {
  readonly instanceId: string
  readonly attempt: number
  readonly jobId: string
  /** The partition's name. */
  readonly region: string
  readonly moves: number
  readonly partitions: readonly { readonly partition: string; readonly dataRegions: readonly string[] }[]
  /** With the addresses that its data has here. */
  readonly spec: DesiredInstance['spec']
  readonly bindHost: string
  readonly advertiseHost: string
  readonly workerSocket: string
  readonly agentSocket: string
  readonly stateDir: string
  readonly objectStore: string
  readonly sharedDir: string
  readonly workers: number
  readonly dataShare: number
  readonly logLevel: string
}

export function parameterServerConfig(
  instance: DesiredInstance,
  attempt: number,
  options: ProgramOptions,
): ParameterServerConfig {
  const { id: instanceId, jobId, partition, moves, workers, dataShare } = instance
  const { folders, objects, bindHost, advertiseHost, logLevel } = options
  return {
    instanceId,
    attempt,
    jobId,
    region: partition,
    moves,
    partitions: instance.partitions.map((each) => ({ partition: each.partition, dataRegions: each.dataRegions })),
    spec: stagedSpec(instance, folders),
    bindHost,
    advertiseHost,
    workerSocket: folders.workerSocket(jobId),
    agentSocket: folders.agentSocket,
    stateDir: folders.job(jobId),
    objectStore: objects.address,
    sharedDir: folders.shared(jobId),
    workers,
    dataShare,
    logLevel,
  }
}

/** One of our own programs: it gets the agent's whole environment, proxies for peers included. */
export function ownProgram(script: string, configPath: string, options: ProgramOptions): Program {
  const { environment, folders } = options
  return {
    executable: process.execPath,
    // node:ffi, which maps the workers' shared files, would announce itself as experimental in every log.
    arguments: ['--disable-warning=ExperimentalWarning', script, '--config', configPath],
    folder: folders.state,
    environment: Object.fromEntries(Object.entries(environment).flatMap(([name, value]) => entry(name, value))),
  }
}

function entry(name: string, value: string | undefined): readonly (readonly [string, string])[] {
  return value === undefined ? [] : [[name, value]]
}

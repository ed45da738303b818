// Probes on a device that is there: starts a function's measuring program on the share of a configuration, and reads what it prints.
// A share is enforced as it will be in service: multiprocessors by MPS's percentage where MPS runs, and time by the interposer's
// tokens; without MPS the tokens stand for both. The program gets its batch by CLOUDLESS_PROFILE_BATCH, warms up, measures for about
// CLOUDLESS_PROFILE_SECONDS, and prints as its last line {"latency_ms": 12.5, "throughput_per_second": 640} or {"out_of_memory": true}.
import { spawn } from 'node:child_process'
import { z } from 'zod'
import type { Random } from '#runtime/random.ts'
import { messageOf } from '#runtime/errors.ts'
import {
  environmentOf,
  type GpuSharing,
  type SharedDevice,
  type Work,
} from '#physical-plane/gpu-sharing/gpu-sharing.ts'
import { errorBytesMax, outputBytesMax } from './config.ts'
import type { Configuration, Measure, Measurement } from './measure.ts'

export type MeasuringProgram = {
  readonly command: string
  readonly args: readonly string[]
  readonly folder: string
  /** Whole environment of the process; shares are added to it. */
  readonly environment: Readonly<Record<string, string>>
  readonly seconds: number
  readonly work: Work
}

export type DeviceUnderTest = {
  readonly device: SharedDevice
  /** Keeps the device's manager ticking while the program runs. */
  readonly sharing: GpuSharing
  /** The interposer. */
  readonly library: string
  /** CUDA processes on this device go through MPS. */
  readonly isMps: boolean
}

const answerSchema = z.union([
  z.object({ latency_ms: z.number(), throughput_per_second: z.number() }),
  z.object({ out_of_memory: z.literal(true) }),
])

/** The device is taken to be free of others while it is measured. */
export function measureOnDevice(under: DeviceUnderTest, program: MeasuringProgram, random: Random): Measure {
  return async (configuration, signal) => {
    const { device, sharing } = under
    const tag = BigInt(random.integer(2 ** 47)) + 1n
    const milli = Math.max(1, Math.round(tokenMilli(configuration, under.isMps)))
    const { path } = sharing.addDevice(device)
    sharing.register({
      instanceId: `profile-${tag}`,
      tag,
      deviceId: device.deviceId,
      role: 'confined',
      work: program.work,
      isTokenByToken: false,
      share: { requestMilli: milli, limitMilli: milli, memoryBytes: 0 },
      objective: null,
      latency: null,
    })
    const stop = new AbortController()
    const onAbort = (): void => stop.abort()
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) stop.abort()
    try {
      const environment = {
        ...program.environment,
        ...environmentOf({ paths: [path], tag, role: 'confined', memoryBytes: 0 }),
        ...shareOf(configuration, under),
        CLOUDLESS_PROFILE_BATCH: String(configuration.batch),
        CLOUDLESS_PROFILE_SECONDS: String(program.seconds),
      }
      const started = Array.from({ length: configuration.processes }, async () => {
        return await runOnce(program, environment, stop.signal)
      })
      return together(await Promise.all(started))
    } finally {
      // Where one of several failed the others must not run on.
      stop.abort()
      signal.removeEventListener('abort', onAbort)
      sharing.unregister(tag)
    }
  }
}

function tokenMilli({ smMilli, quotaMilli }: Configuration, isMps: boolean): number {
  return isMps ? quotaMilli : (smMilli * quotaMilli) / 1000
}

function shareOf({ smMilli }: Configuration, { library, isMps, device }: DeviceUnderTest): Record<string, string> {
  return {
    LD_PRELOAD: library,
    CUDA_VISIBLE_DEVICES: device.deviceId,
    ...(isMps ? { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: String(Math.max(1, Math.round(smMilli / 10))) } : {}),
  }
}

/** Processes run side by side: their throughputs add up, and the slowest one's latency counts. */
function together(each: readonly (Measurement | null)[]): Measurement | null {
  let latencyMs = 0
  let throughputPerSecond = 0
  for (const one of each) {
    if (one === null) return null
    latencyMs = Math.max(latencyMs, one.latencyMs)
    throughputPerSecond += one.throughputPerSecond
  }
  return { latencyMs, throughputPerSecond }
}

async function runOnce(
  { command, args, folder }: MeasuringProgram,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Measurement | null> {
  const ended = Promise.withResolvers<string>()
  // A group of its own, so that what the program starts ends with it.
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const kill = (): void => {
    try {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended just now.
    }
  }
  let output = ''
  let errors = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
    if (output.length <= outputBytesMax) return
    ended.reject(new Error(`the measuring program printed more than ${outputBytesMax} bytes`))
    kill()
  })
  child.stderr.on('data', (data: Buffer) => (errors = (errors + data.toString()).slice(-errorBytesMax)))
  child.on('error', (error) => ended.reject(new Error(`the measuring program did not start: ${messageOf(error)}`)))
  child.on('close', (code, by) => {
    if (code === 0) return ended.resolve(output)
    const how = code === null ? `was ended by ${by}` : `ended with code ${code}`
    ended.reject(new Error(`the measuring program ${how}${errors === '' ? '' : `: ${errors.trim()}`}`))
  })
  if (signal.aborted) kill()
  signal.addEventListener('abort', kill, { once: true })
  try {
    return read(await ended.promise)
  } finally {
    signal.removeEventListener('abort', kill)
    kill()
  }
}

function read(output: string): Measurement | null {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch (cause) {
    throw new Error(`the measuring program's last line is no JSON: ${JSON.stringify(line.slice(0, 200))}`, { cause })
  }
  const answer = answerSchema.safeParse(parsed)
  if (!answer.success)
    throw new Error(
      `the measuring program's last line has not latency_ms and throughput_per_second, nor out_of_memory: ${line.slice(0, 200)}`,
    )
  if ('out_of_memory' in answer.data) return null
  return { latencyMs: answer.data.latency_ms, throughputPerSecond: answer.data.throughput_per_second }
}

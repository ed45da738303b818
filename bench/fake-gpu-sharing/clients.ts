// Runs clients of the fake GPU side by side, each with the environment of its share, and the manager that arranges them.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { CloudlessError } from '#runtime/errors.ts'
import type { BuiltFakeGpu } from '#test/fake-gpu/build-fake-gpu.ts'

const clientSecondsMax = 120

export type ShareOfClient = {
  readonly id: string
  readonly tag: number
  readonly role: 'protected' | 'confined'
  readonly work: 'inference' | 'training'
  readonly requestMilli: number
  readonly limitMilli: number
  /** The part of the multiprocessors; absent: all. */
  readonly smMilli?: number
  readonly sloMs?: number
}

export type ClientRun = {
  readonly program: 'train' | 'serve' | 'fill'
  readonly args: Readonly<Record<string, number | string>>
  readonly environment: Readonly<Record<string, string>>
}

/** What a client prints last. */
export type Measured = Readonly<Record<string, number>>

/** All start together and end by themselves. */
export function runTogether(fake: BuiltFakeGpu, runs: readonly ClientRun[]): Promise<Measured[]> {
  const before = mayBeOfRealTime() ? realTime : []
  return Promise.all(runs.map((run) => runClient(fake, run, before)))
}

function runClient(fake: BuiltFakeGpu, run: ClientRun, before: readonly string[]): Promise<Measured> {
  const { program, args, environment } = run
  const options = Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)])
  const [command, ...words] = [...before, fake.client(program), ...options]
  const child = spawn(command!, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: clientSecondsMax * 1000,
    killSignal: 'SIGKILL',
    env: { PATH: process.env['PATH'], LD_LIBRARY_PATH: fake.folder, ...environment },
  })
  let last = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = line
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(JSON.parse(last) as Measured)
      reject(failed(`${program} of the fake GPU ended with ${code ?? signal}; its last words stand above`))
    })
  })
}

/**
 * A GPU keeps its own time; on a fake one, neighbours on the machine's processors would be measured, in every setting. So clients are
 * of real time where that is allowed (they sleep nearly always); elsewhere figures are noisier on a busy machine.
 */
const realTime = ['chrt', '-f', '10'] as const
const aboveClients = ['chrt', '-f', '20'] as const

function mayBeOfRealTime(): boolean {
  return spawnSync(realTime[0], [...realTime.slice(1), 'true'], { stdio: 'ignore' }).status === 0
}

export type RunningManager = {
  /** Of the shared file. */
  readonly path: string
  /** What each client needs beside the device itself. */
  readonly environmentOf: (share: ShareOfClient) => Readonly<Record<string, string>>
  /** What the manager makes of each client now. */
  readonly uses: () => Promise<unknown>
  readonly stop: () => Promise<void>
}

/** The manager as a process of its own, as an agent would run it for one device. */
export async function startManager(options: {
  readonly folder: string
  readonly interposer: string
  readonly deviceId: string
  readonly memoryBytes: number
  readonly shares: readonly ShareOfClient[]
}): Promise<RunningManager> {
  const { folder, interposer, deviceId, memoryBytes, shares } = options
  const config = {
    folder: '/dev/shm',
    device: { device_id: deviceId, memory_bytes: memoryBytes },
    instances: shares.map((share) => ({
      instance_id: share.id,
      tag: String(share.tag),
      role: share.role,
      work: share.work,
      request_milli: share.requestMilli,
      limit_milli: share.limitMilli,
      memory_bytes: 0,
      ...(share.smMilli === undefined ? {} : { sm_milli: share.smMilli }),
      ...(share.sloMs === undefined ? {} : { slo: { latency_ms: share.sloMs, percentile: 99 } }),
    })),
  }
  const file = join(folder, 'manager.json')
  writeFileSync(file, JSON.stringify(config))
  const main = join(import.meta.dirname, '../../physical-plane/gpu-sharing/manager-main.ts')
  // Above the clients, which on a real GPU would not be of real time: they must not keep their own manager from its ticks.
  const [command, ...words] = [...(mayBeOfRealTime() ? aboveClients : []), process.execPath, main, '--config', file]
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  const path = (await firstLine(child)) as string
  return {
    path,
    environmentOf: (share) => ({
      LD_PRELOAD: interposer,
      CLOUDLESS_GPU_FILES: path,
      CLOUDLESS_GPU_TAG: String(share.tag),
      CLOUDLESS_GPU_ROLE: share.role,
      ...(share.smMilli === undefined ? {} : { CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: String(share.smMilli / 10) }),
    }),
    uses: () => {
      const answer = firstWith(child.stdout, 'uses')
      child.stdin.write('{"uses":true}\n')
      return answer
    },
    stop: async () => {
      const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
      child.stdin.end()
      await ended
    },
  }
}

function firstLine(child: ChildProcess): Promise<unknown> {
  let words = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => reject(failed(`the manager ended with ${code}: ${words}`)))
    firstWith(child.stdout!, 'path').then(resolve, reject)
  })
}

/** The value of the first line that has such a field. */
function firstWith(output: Readable, field: string): Promise<unknown> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: output })
    lines.on('line', (line) => {
      const said = JSON.parse(line) as Readonly<Record<string, unknown>>
      if (said[field] === undefined) return
      lines.close()
      resolve(said[field])
    })
  })
}

function failed(message: string): CloudlessError {
  return new CloudlessError('internal', 'BENCH_FAILED', message)
}

// For tests of the library: it, a driver that only writes down what it is called with, and a client that calls what it is told,
// compiled into a temporary folder; and a shared file whose manager is the test.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import {
  claimAt,
  decodeClaim,
  decodeSlot,
  encodeHeader,
  encodeHeartbeat,
  encodeOrder,
  headerFields,
  layoutConstants,
  orderLine,
  passOrder,
  slotAt,
  type Order,
  type SlotReading,
} from '#physical-plane/gpu-sharing/layout.ts'
import { assert } from '#runtime/assert.ts'
import { buildInterposer } from './build-interposer.ts'

const equipment = join(import.meta.dirname, '../../test/fake-gpu')
const warnings = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror']

export const hasCompiler = spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0
export const withoutCompiler = 'skipped: there is no C compiler (cc) on PATH'

export type Ran = {
  readonly code: number | null
  readonly lines: readonly string[]
  readonly errors: string
  /** The driver's calls, in order; those by which the library asks for itself are among them. */
  readonly calls: readonly string[]
}

export class InterposerBench {
  readonly folder: string
  readonly library: string
  #logs = 0

  private constructor(folder: string, library: string) {
    this.folder = folder
    this.library = library
  }

  static async open(): Promise<InterposerBench> {
    const folder = await mkdtemp(join(tmpdir(), 'cloudless-interposer-test-'))
    // Kept between runs: its name tells its sources.
    const library = await buildInterposer({ folder: join(tmpdir(), `cloudless-interposer-${userInfo().uid}`) })
    const cc = promisify(execFile)
    const driver = join(folder, 'libcuda.so.1')
    const shared = ['-shared', '-fPIC', '-fvisibility=hidden', '-Wl,-Bsymbolic', '-Wl,-soname,libcuda.so.1']
    await cc('cc', [...warnings, ...shared, '-o', driver, join(equipment, 'logging-cuda.c'), '-lpthread'])
    const client = [join(equipment, 'logging-client.c'), driver, '-ldl', '-lpthread']
    await cc('cc', [...warnings, '-o', join(folder, 'client'), ...client])
    return new InterposerBench(folder, library)
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A new shared file, whose manager was last heard of now. */
  gpu(name: string): TestGpu {
    return new TestGpu(join(this.folder, name))
  }

  environment(gpus: readonly { readonly path: string }[], more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      ...process.env,
      LD_LIBRARY_PATH: this.folder,
      LD_PRELOAD: this.library,
      CLOUDLESS_GPU_FILES: gpus.map(({ path }) => path).join(':'),
      CLOUDLESS_GPU_TAG: '77',
      CLOUDLESS_GPU_ROLE: 'confined',
      ...more,
    }
  }

  async run(gpus: readonly TestGpu[], args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const client = this.start(gpus, args, more)
    client.process.stdin!.end()
    return await client.ended()
  }

  start(gpus: readonly TestGpu[], args: readonly string[], more: NodeJS.ProcessEnv = {}): RunningClient {
    const log = join(this.folder, `log-${this.#logs++}`)
    const env = this.environment(gpus, { LOGGING_CUDA_LOG: log, ...more })
    return new RunningClient(
      spawn(join(this.folder, 'client'), args, { env, timeout: 60_000, killSignal: 'SIGKILL' }),
      log,
    )
  }
}

/** A client that stops at each `line` until it is told to go on. */
export class RunningClient {
  readonly process: ChildProcess
  readonly #log: string
  readonly #errors: Promise<string>
  readonly #end: Promise<unknown>
  #out = ''
  #seen = 0

  constructor(child: ChildProcess, log: string) {
    this.process = child
    this.#log = log
    this.#errors = text(child.stderr!)
    this.#end = once(child, 'close')
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (this.#out += chunk))
  }

  async ready(): Promise<void> {
    const stops = (): number => this.#out.split('ready\n').length - 1
    while (stops() <= this.#seen) {
      assert(this.process.exitCode === null, `the client ended early: ${this.#out}`)
      await Promise.race([once(this.process.stdout!, 'data'), this.#end])
    }
    this.#seen++
  }

  goOn(): void {
    this.process.stdin!.write('\n')
  }

  async ended(): Promise<Ran> {
    const errors = await this.#errors
    await this.#end
    return {
      code: this.process.exitCode,
      lines: this.#out.trim().split('\n'),
      errors,
      calls: existsSync(this.#log) ? readFileSync(this.#log, 'utf8').trim().split('\n') : [],
    }
  }
}

export class TestGpu {
  readonly path: string
  readonly #file: number
  #sequence = 0

  constructor(path: string) {
    this.path = path
    this.#file = openSync(path, 'wx+', 0o600)
    const bytes = Buffer.alloc(layoutConstants.fileBytes)
    encodeHeader('gpu-of-a-test', nowNs()).copy(bytes)
    writeSync(this.#file, bytes, 0, bytes.length, 0)
    this.beat()
  }

  /** Once is enough for a test: the next is not missed for ten seconds. */
  beat({ agoMs = 0, failOpenMs = 10_000 } = {}): void {
    const line = Buffer.alloc(64)
    encodeHeartbeat(line, { heartbeatNs: nowNs() - agoMs * 1e6, ticks: 1, periodUs: 5000, failOpenMs })
    writeSync(this.#file, line, 0, line.length, headerFields.heartbeatNs.at)
  }

  order(slot: number, order: Partial<Order>): void {
    const line = Buffer.alloc(orderLine.bytes)
    this.#sequence += 2
    encodeOrder(line, this.#sequence, { ...passOrder, blockMaxUs: 5_000_000, ...order })
    writeSync(this.#file, line, 0, line.length, slotAt(slot) + orderLine.at)
  }

  slot(slot: number): SlotReading {
    return decodeSlot(this.#read(slotAt(slot), layoutConstants.slotBytes), 0)
  }

  /** The pids that hold slots, by slot. */
  owners(): readonly number[] {
    const claims = this.#read(layoutConstants.claimsAt, layoutConstants.slots * 8)
    return Array.from({ length: layoutConstants.slots }, (_, slot) => decodeClaim(claims, slot * 8)?.pid ?? 0)
  }

  write(at: number, bytes: Uint8Array): void {
    writeSync(this.#file, bytes, 0, bytes.length, at)
  }

  claim(slot: number, pid: number): void {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32LE(pid, 0)
    this.write(claimAt(slot), bytes)
  }

  close(): void {
    closeSync(this.#file)
  }

  #read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length)
    readSync(this.#file, bytes, 0, length, at)
    return bytes
  }
}

export function nowNs(): number {
  return Number(process.hrtime.bigint())
}

// The machine of one region: its processes and disks. It outlives the agent, so that a restarted agent finds here what
// its predecessor left running, and it is where the simulator kills.
import type { InstanceOrder, InstanceRuntime } from '#physical-plane/agent/orders.ts'
import type { RecoveredRun, Run, Slice, Exit } from '#physical-plane/runtime/runtime.ts'
import { memoryCheckpoints, type CheckpointStore } from '#physical-plane/parameter-server/checkpoint.ts'
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Checkers } from './checkers.ts'
import { SimulatedNode } from './node.ts'
import type { ServerHandle } from './simulated-worker.ts'

export type SimulatedProcess = {
  readonly instanceId: string
  readonly jobId: string
  readonly role: InstanceOrder['instance']['role']
  readonly attempt: number
  readonly slices: readonly Slice[]
  readonly startedAtMs: number
  readonly node: SimulatedNode
  readonly exited: Promise<Exit>
  readonly terminate: AbortController
  readonly kill: () => void
  endedAtMs: number | null
}

type Disk = {
  /** Rises when another one takes its place. */
  readonly number: number
  readonly checkpoints: CheckpointStore
}

/** Runs the program of a process; resolves with its exit code. */
export type Program = (process: SimulatedProcess, order: InstanceOrder) => Promise<number>

/** Between the death of a process and the moment its machine knows. */
const reapMs = 5

export class SimulatedMachine implements InstanceRuntime {
  readonly region: string
  /** How wrong its wall clock is for parameter servers and workers. Agents bill by it, so theirs is right. */
  wallOffsetMs = 0
  readonly #clock: Clock
  readonly #checkers: Checkers
  readonly #log: Log
  readonly #program: Program
  readonly #newest = new Map<string, SimulatedProcess>()
  readonly #disks = new Map<string, Disk>()
  readonly #servers = new Map<string, ServerHandle>()
  readonly ended: SimulatedProcess[] = []

  constructor(region: string, clock: Clock, log: Log, checkers: Checkers, program: Program) {
    this.#log = log
    this.region = region
    this.#clock = clock
    this.#checkers = checkers
    this.#program = program
  }

  get live(): readonly SimulatedProcess[] {
    return [...this.#newest.values()].filter(({ endedAtMs }) => endedAtMs === null)
  }

  /** Where the region keeps what a job's parameter server must not forget. */
  diskOf(jobId: string): Disk {
    const disk = this.#disks.get(jobId) ?? { number: 1, checkpoints: memoryCheckpoints() }
    this.#disks.set(jobId, disk)
    return disk
  }

  /** Gone with the process that used it. */
  loseDisk(jobId: string): void {
    const { number } = this.diskOf(jobId)
    this.#disks.set(jobId, { number: number + 1, checkpoints: memoryCheckpoints() })
    for (const process of this.live) if (process.jobId === jobId && process.role === 'parameter-server') process.kill()
  }

  serverOf(jobId: string): ServerHandle | null {
    return this.#servers.get(jobId) ?? null
  }

  serves(jobId: string, handle: ServerHandle): void {
    this.#servers.set(jobId, handle)
    handle.died.addEventListener('abort', () => {
      if (this.#servers.get(jobId) === handle) this.#servers.delete(jobId)
    })
  }

  recover(): Promise<readonly RecoveredRun[]> {
    return Promise.resolve(
      [...this.#newest.values()].map((process) => ({ ...process, wasAlive: process.endedAtMs === null })),
    )
  }

  launch(order: InstanceOrder): Promise<Run> {
    const { instance, attempt, slices } = order
    const units = slices.reduce((sum, slice) => sum + slice.units, 0)
    this.#checkers.launched(
      instance.id,
      attempt,
      slices[0] === undefined ? '' : `${this.region}/${slices[0].deviceId}`,
      units,
    )
    const process = this.#start(order)
    this.#newest.set(instance.id, process)
    return Promise.resolve(process)
  }

  async stop(instanceId: string, graceMs: number): Promise<void> {
    const process = this.#newest.get(instanceId)
    if (process === undefined || process.endedAtMs !== null) return
    process.terminate.abort()
    this.#clock.after(process.role === 'worker' ? 0 : graceMs, process.kill)
    await process.exited
  }

  readLog(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(0))
  }

  logBytes(): Promise<number> {
    return Promise.resolve(0)
  }

  forget(instanceId: string): Promise<void> {
    this.#newest.delete(instanceId)
    return Promise.resolve()
  }

  forgetJob(jobId: string): Promise<void> {
    this.#disks.delete(jobId)
    return Promise.resolve()
  }

  stored(): Promise<{ readonly checkpoint: number; readonly data: number }> {
    return Promise.resolve({ checkpoint: 0, data: 0 })
  }

  /** Nothing is fetched here: samples are made of their positions. */
  sweepStaged(): Promise<void> {
    return Promise.resolve()
  }

  #start(order: InstanceOrder): SimulatedProcess {
    const { instance, attempt, slices } = order
    const node = new SimulatedNode(this.region, this.#clock, () => this.wallOffsetMs)
    const { promise: exited, resolve } = Promise.withResolvers<Exit>()
    const end = (code: number | null, signal: string | null): void => {
      if (process.endedAtMs !== null) return
      process.endedAtMs = this.#clock.now()
      node.crash()
      this.ended.push(process)
      this.#clock.after(reapMs, () => {
        this.#checkers.ended(instance.id)
        resolve({ code, signal, endedAtMs: process.endedAtMs! })
      })
    }
    const process: SimulatedProcess = {
      instanceId: instance.id,
      jobId: instance.jobId,
      role: instance.role,
      attempt,
      slices,
      node,
      exited,
      startedAtMs: this.#clock.now(),
      terminate: new AbortController(),
      kill: () => end(null, 'SIGKILL'),
      endedAtMs: null,
    }
    this.#program(process, order).then(
      (code) => end(code, null),
      (error: unknown) => {
        this.#log.error({ instanceId: instance.id, error: messageOf(error) }, 'a simulated process failed')
        end(1, null)
      },
    )
    return process
  }
}

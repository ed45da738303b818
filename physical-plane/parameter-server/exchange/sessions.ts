// Who is a member of the partition just now. A session is one membership of one worker process: it holds the worker's
// landing buffer, its shared file where both are on one machine, and the knowledge whether it still lives. A worker that
// comes back gets a new session; the old one, and with it its leases, is given up first.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Timer } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { elementCount, type Layout } from '../replica/layout.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Membership, WorkerSide } from '../worker-side.ts'
import { sessionsMax, sweepMs } from './config.ts'
import { SharedFile } from './shared-file.ts'

export type SessionsOptions = {
  readonly side: WorkerSide
  readonly memory: VectorMemory
  /** A folder of this parameter server's own, in memory where there is such a thing. */
  readonly sharedDir: string
  /** A session without a bell that is silent for this long is over. */
  readonly stallTimeoutMs: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export type Session = {
  readonly id: string
  readonly instanceId: string
  readonly attempt: number
  readonly layout: Layout
  /** Null where tensors come over the network. */
  readonly shared: SharedFile | null
  /** Where this worker's gradient lands; the parameters on their way out over the network, too. */
  readonly landing: Float32Array
  lastSeenMs: number
  /** A bell socket vouches for the worker. */
  isBound: boolean
  isLandingTaken: boolean
  /** Calls that use the landing buffer or wait for an answer. */
  calls: number
  hasEnded: boolean
  /** Called once at the end, to close the bell. */
  onEnd: () => void
}

export class Sessions {
  readonly #options: SessionsOptions
  readonly #sessions = new Map<string, Session>()
  #sweep: Timer | null = null

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  /** Makes the folder ready, removing what a predecessor that was killed left in it. */
  start(): void {
    const { sharedDir } = this.#options
    mkdirSync(sharedDir, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(sharedDir)) if (isSharedName(name)) rmSync(join(sharedDir, name), { force: true })
    this.#scheduleSweep()
  }

  stop(): void {
    this.#sweep?.cancel()
    for (const session of this.#sessions.values()) this.end(session, 'the parameter server stops')
  }

  get count(): number {
    return this.#sessions.size
  }

  join(worker: {
    readonly instanceId: string
    readonly attempt: number
    readonly layout: Layout
    readonly sameMachine: boolean
  }): { readonly session: Session; readonly membership: Membership } {
    const { side, memory, sharedDir, random, clock, log } = this.#options
    const { instanceId, attempt, layout, sameMachine } = worker
    this.#endPredecessor(instanceId, attempt)
    if (this.#sessions.size >= sessionsMax) {
      throw new CloudlessError('exhausted', 'TOO_MANY_WORKERS', `${sessionsMax} workers are members already`)
    }
    const id = random.uuid().replaceAll('-', '').slice(0, 28)
    const elements = elementCount(layout)
    const landing = memory.allocate(elements)
    let membership: Membership | null = null
    try {
      membership = side.join({ workerId: id, instanceId, attempt, layout })
      const session: Session = {
        id,
        instanceId,
        attempt,
        layout,
        shared: sameMachine ? SharedFile.create(sharedDir, sharedName(id), elements) : null,
        landing,
        lastSeenMs: clock.monotonicMs(),
        isBound: false,
        isLandingTaken: false,
        calls: 0,
        hasEnded: false,
        onEnd: () => {},
      }
      this.#sessions.set(id, session)
      log.info({ sessionId: id, instanceId, attempt, elements, sameMachine }, 'worker joined')
      return { session, membership }
    } catch (error) {
      memory.release(landing)
      if (membership !== null) side.leave(id, messageOf(error))
      throw error
    }
  }

  find(id: string): Session | null {
    return this.#sessions.get(id) ?? null
  }

  get(id: string): Session {
    return this.#sessions.get(id) ?? unknown(id)
  }

  /** Until the result is called the session counts as alive and its buffers stay, even when it ends. */
  hold(session: Session): () => void {
    if (session.hasEnded) return unknown(session.id)
    session.calls += 1
    return () => {
      session.calls -= 1
      session.lastSeenMs = this.#options.clock.monotonicMs()
      if (session.hasEnded) this.#releaseWhenIdle(session)
    }
  }

  /** The same, with the landing buffer for the caller alone. */
  holdLanding(session: Session): () => void {
    if (session.isLandingTaken) {
      const text = `worker ${session.instanceId} sends a second request before the answer to the first; wait for it`
      throw new CloudlessError('invalid', 'ONE_AT_A_TIME', text)
    }
    const letGo = this.hold(session)
    session.isLandingTaken = true
    return () => {
      session.isLandingTaken = false
      letGo()
    }
  }

  end(session: Session, reason: string): void {
    if (session.hasEnded) return
    session.hasEnded = true
    this.#sessions.delete(session.id)
    this.#options.log.info({ sessionId: session.id, instanceId: session.instanceId, reason }, 'worker left')
    this.#options.side.leave(session.id, reason)
    session.onEnd()
    this.#releaseWhenIdle(session)
  }

  #releaseWhenIdle(session: Session): void {
    if (session.calls > 0) return
    session.shared?.close()
    this.#options.memory.release(session.landing)
  }

  /** One instance has one living attempt. */
  #endPredecessor(instanceId: string, attempt: number): void {
    for (const session of this.#sessions.values()) {
      if (session.instanceId !== instanceId) continue
      if (session.attempt > attempt) {
        const text = `attempt ${attempt} of ${instanceId} is over: attempt ${session.attempt} has joined`
        throw new CloudlessError('conflict', 'STALE_ATTEMPT', text)
      }
      this.end(session, `attempt ${attempt} joins`)
    }
  }

  #scheduleSweep(): void {
    const { clock, stallTimeoutMs } = this.#options
    this.#sweep = clock.after(sweepMs, () => {
      for (const session of this.#sessions.values()) {
        const silentMs = clock.monotonicMs() - session.lastSeenMs
        if (session.isBound || session.calls > 0 || silentMs < stallTimeoutMs) continue
        this.end(session, `silent for ${Math.round(silentMs / 1000)} s`)
      }
      this.#scheduleSweep()
    })
  }
}

function unknown(id: string): never {
  const text = `session ${id.slice(0, 64)} is not known: it ended, or the parameter server restarted; join again`
  throw new CloudlessError('conflict', 'UNKNOWN_SESSION', text)
}

function sharedName(sessionId: string): string {
  return `worker-${sessionId}.tensors`
}

function isSharedName(name: string): boolean {
  return name.startsWith('worker-') && name.endsWith('.tensors')
}

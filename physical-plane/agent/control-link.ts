// The agent's connection to the control plane: dials out, says hello, dials again with back-off for ever. What goes up is
// looked up when the stream can take it (newest observed state, durable journal records, log chunks), so nothing piles
// up while the control plane is away.
import type { Clock, Timer } from '#runtime/clock.ts'
import { CloudlessError, messageOf, type ErrorKind } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import type { AgentHello } from '#proto/generated/cloudless/v1/AgentHello.ts'
import type { AgentWelcome__Output } from '#proto/generated/cloudless/v1/AgentWelcome.ts'
import type { ConnectRequest } from '#proto/generated/cloudless/v1/ConnectRequest.ts'
import type { ConnectResponse__Output } from '#proto/generated/cloudless/v1/ConnectResponse.ts'
import type { DesiredState__Output } from '#proto/generated/cloudless/v1/DesiredState.ts'
import type { FleetServiceHandlers } from '#proto/generated/cloudless/v1/FleetService.ts'
import type { ObservedState } from '#proto/generated/cloudless/v1/ObservedState.ts'
import type { RpcClient } from '#proto/rpc/service.ts'
import { backOffMs, type AgentConfig } from './config.ts'
import type { Journal } from './journal.ts'
import type { LogShipper } from './log-shipper.ts'
import { Wake } from './wake.ts'

export type LinkDependencies = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly config: AgentConfig
  readonly fleet: Pick<RpcClient<FleetServiceHandlers>, 'connect'>
  readonly journal: Journal
  readonly logs: LogShipper
  readonly hello: () => AgentHello
  readonly observed: () => ObservedState
  readonly onDesired: (desired: DesiredState__Output) => void
  /** Heard again after it was silent for longer than a moment. */
  readonly onAbsence: (absence: Absence) => void
  /** A refused agent that runs something stays; one that runs nothing gives up. */
  readonly isRunningAny: () => boolean
}

/** Of the control plane, as this agent saw it. */
export type Absence = { readonly fromMs: number; readonly seconds: number }

export type LinkEnd = { readonly kind: 'stopped' } | { readonly kind: 'refused'; readonly because: string }

/** What belongs to one connection. */
type Session = {
  readonly abort: AbortController
  readonly wake: Wake
  welcome: AgentWelcome__Output | null
  isObservedDue: boolean
  observedAtMs: number
  sentSeq: number
  /** When the oldest record under way went up; null when none is. */
  waitingSinceMs: number | null
  readonly timers: Set<Timer>
}

export class ControlLink {
  readonly #d: LinkDependencies
  readonly #stop = new AbortController()
  #session: Session | null = null
  #wasWelcomed = false
  /** When the last connection ended, by both clocks. */
  #lostAt: { readonly wallMs: number; readonly monotonicMs: number } | null = null

  constructor(dependencies: LinkDependencies) {
    this.#d = dependencies
    dependencies.journal.onAppended(() => this.#session?.wake.ring())
  }

  get isConnected(): boolean {
    return this.#session?.welcome != null
  }

  /** Runs until stopped or refused for good. */
  async run(): Promise<LinkEnd> {
    const { clock, random, log, config } = this.#d
    for (let failures = 1; !this.#stop.signal.aborted; failures++) {
      this.#wasWelcomed = false
      const error = await this.#connectOnce()
      if (this.#stop.signal.aborted) break
      if (this.#wasWelcomed) this.#lostAt = { wallMs: clock.now(), monotonicMs: clock.monotonicMs() }
      const refusal = refusalOf(error)
      if (refusal !== null && refusal.isFinal && !this.#d.isRunningAny())
        return { kind: 'refused', because: refusal.text }
      if (this.#wasWelcomed) failures = 1
      const delayMs =
        refusal === null
          ? backOffMs(config.reconnectMs, config.reconnectMsMax, failures, random.next())
          : Math.round(config.refusedRetryMs * (0.5 + random.next()))
      const fields = { why: messageOf(error), delayMs, failures }
      if (refusal !== null) log.error(fields, `control plane refuses this agent: ${refusal.text}`)
      else log.warn(fields, 'no connection to the control plane; instances go on')
      await clock.sleep(delayMs, this.#stop.signal)
    }
    return { kind: 'stopped' }
  }

  /** The observed state changed. */
  changed(): void {
    const session = this.#session
    if (session === null || session.isObservedDue) return
    const waitMs = Math.max(0, session.observedAtMs + this.#d.config.observedSpacingMs - this.#d.clock.monotonicMs())
    this.#after(session, waitMs, () => {
      session.isObservedDue = true
      session.wake.ring()
    })
  }

  /** Gives the control plane, where there is one, the time to take the last records and log lines. */
  async flush(): Promise<void> {
    const { clock, journal, logs, config } = this.#d
    const endsAtMs = clock.monotonicMs() + config.flushMs
    this.changed()
    while (this.isConnected && clock.monotonicMs() < endsAtMs) {
      const isBehind = await logs.look()
      if (!isBehind && logs.isAllShipped && journal.acknowledgedSeq >= journal.lastSeq) return
      await clock.sleep(config.observedSpacingMs)
    }
  }

  stop(): void {
    this.#stop.abort()
    this.#session?.abort.abort()
    this.#session?.wake.ring()
  }

  async #connectOnce(): Promise<unknown> {
    const session: Session = {
      abort: new AbortController(),
      wake: new Wake(),
      welcome: null,
      isObservedDue: true,
      observedAtMs: Number.NEGATIVE_INFINITY,
      sentSeq: 0,
      waitingSinceMs: null,
      timers: new Set(),
    }
    this.#session = session
    this.#after(session, this.#d.config.welcomeTimeoutMs, () => {
      if (session.welcome === null) session.abort.abort()
    })
    try {
      const { signal } = session.abort
      for await (const response of this.#d.fleet.connect(this.#outgoing(session), { signal })) {
        if (signal.aborted) break
        this.#receive(session, response)
      }
      return new CloudlessError('unavailable', 'STREAM_ENDED', 'the control plane ended the connection')
    } catch (error) {
      return error
    } finally {
      this.#session = null
      session.abort.abort()
      session.wake.ring()
      for (const timer of session.timers) timer.cancel()
    }
  }

  async *#outgoing(session: Session): AsyncGenerator<ConnectRequest> {
    yield { hello: this.#d.hello() }
    while (!session.abort.signal.aborted) {
      const next = session.welcome === null ? null : await this.#next(session)
      if (next === null) await session.wake.wait()
      else yield next
    }
  }

  async #next(session: Session): Promise<ConnectRequest | null> {
    const { clock, config, journal, logs } = this.#d
    if (session.isObservedDue) {
      session.isObservedDue = false
      session.observedAtMs = clock.monotonicMs()
      return { observed: this.#d.observed() }
    }
    const inFlight = session.sentSeq - journal.acknowledgedSeq
    if (inFlight < config.journalInFlightRecords) {
      const records = journal.after(Math.max(session.sentSeq, journal.acknowledgedSeq), config.journalBatchRecords)
      const last = records.at(-1)
      if (last !== undefined) {
        session.sentSeq = last.seq
        session.waitingSinceMs ??= clock.monotonicMs()
        return { journal: { records: [...records] } }
      }
    }
    const log = await logs.next()
    return log === null ? null : { log }
  }

  #receive(session: Session, response: ConnectResponse__Output): void {
    const { journal, logs, clock } = this.#d
    switch (response.message) {
      case 'welcome':
        return this.#welcomed(session, response.welcome!)
      case 'desired':
        return this.#d.onDesired(response.desired!)
      case 'journalAck':
        journal.acknowledge(response.journalAck!.seq)
        session.waitingSinceMs = session.sentSeq > journal.acknowledgedSeq ? clock.monotonicMs() : null
        return session.wake.ring()
      case 'logAck':
        logs.acknowledge(response.logAck!.instanceId, response.logAck!.offset)
        return session.wake.ring()
      case undefined:
        return this.#d.log.debug({}, 'a message that this agent does not know is left out')
    }
  }

  #welcomed(session: Session, welcome: AgentWelcome__Output): void {
    const { journal, logs, log } = this.#d
    session.welcome = welcome
    this.#wasWelcomed = true
    this.#tellAbsence()
    log.info({ heartbeatMs: welcome.heartbeatMs, journalSeq: welcome.journalSeq }, 'connected to the control plane')
    journal.acknowledge(welcome.journalSeq)
    session.sentSeq = journal.acknowledgedSeq
    logs.reset()
    this.#heartbeat(session, Math.max(100, welcome.heartbeatMs), welcome.leaseMs)
    this.#followLogs(session)
    session.wake.ring()
  }

  #tellAbsence(): void {
    const lostAt = this.#lostAt
    this.#lostAt = null
    if (lostAt === null) return
    const awayMs = this.#d.clock.monotonicMs() - lostAt.monotonicMs
    if (awayMs >= this.#d.config.absenceToldMs) this.#d.onAbsence({ fromMs: lostAt.wallMs, seconds: awayMs / 1000 })
  }

  #heartbeat(session: Session, heartbeatMs: number, leaseMs: number): void {
    this.#after(session, heartbeatMs, () => {
      const { waitingSinceMs } = session
      // Records go unanswered for a whole lease: the connection is dead, whatever the transport thinks.
      if (
        waitingSinceMs !== null &&
        this.#d.clock.monotonicMs() - waitingSinceMs > Math.max(leaseMs, 2 * heartbeatMs)
      ) {
        this.#d.log.warn({ leaseMs }, 'the control plane acknowledges nothing; connecting again')
        session.abort.abort()
        return
      }
      session.isObservedDue = true
      session.wake.ring()
      this.#heartbeat(session, heartbeatMs, leaseMs)
    })
  }

  #followLogs(session: Session): void {
    this.#after(session, this.#d.config.logPollMs, () => {
      void this.#d.logs.look().then((isBehind) => {
        if (session.abort.signal.aborted) return
        if (isBehind) session.wake.ring()
        this.#followLogs(session)
      })
    })
  }

  #after(session: Session, delayMs: number, run: () => void): void {
    const timer = this.#d.clock.after(delayMs, () => {
      session.timers.delete(timer)
      if (!session.abort.signal.aborted) run()
    })
    session.timers.add(timer)
  }
}

/** Refusals that asking again at once does not cure. True: nor does waiting, as far as this agent can know. */
const refusals: Partial<Record<ErrorKind, boolean>> = {
  'already-exists': true,
  'not-found': true,
  invalid: true,
  // Another version: the control plane may be updated meanwhile.
  conflict: false,
}

function refusalOf(error: unknown): { readonly text: string; readonly isFinal: boolean } | null {
  if (!(error instanceof CloudlessError)) return null
  const isFinal = refusals[error.kind]
  return isFinal === undefined ? null : { text: error.message, isFinal }
}

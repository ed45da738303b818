// One agent's stream, from its hello to its end.
import type { ConnectRequest__Output } from '#proto/generated/cloudless/v1/ConnectRequest.ts'
import type { LogChunk__Output } from '#proto/generated/cloudless/v1/LogChunk.ts'
import type { Desired } from '#control-plane/model/desired.ts'
import type { Gateway } from '#control-plane/model/inference.ts'
import type { PipelineMeasure } from '#control-plane/model/pipeline.ts'
import { instancesByRegion } from '#control-plane/model/instance-groups.ts'
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import type { Store } from '#control-plane/store/store.ts'
import { decodeObserved, type Hello } from '#control-plane/wire/agent-messages.ts'
import { decodeUses, type Uses } from '#control-plane/wire/device-use.ts'
import { encodeDesired } from '#control-plane/wire/desired.ts'
import type { Clock } from '#runtime/clock.ts'
import { encode } from '#runtime/encoding.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { agentsConfig } from './config.ts'
import type { Intake } from './intake.ts'
import { journalReport } from './journal.ts'
import { writeObserved } from './observe.ts'
import { Outbox } from './outbox.ts'

export type SessionContext = {
  readonly store: Store
  readonly intake: Intake
  readonly catalogue: () => CatalogueIndex
  readonly clock: Clock
  readonly log: Log
  readonly onHeard: () => void
  /** The hello has other devices now: some are to be taken away, or stay after all. */
  readonly onDevices: () => void
  /** What instances make of its GPUs, newest; how many of these were passed over, and why the first was. */
  readonly onUses: (uses: Uses) => void
  /** Where its gateway answers, and what it sees of pipelines; null while none does. */
  readonly onGateway: (gateway: Gateway | null, pipelines: readonly PipelineMeasure[]) => void
  readonly onRefused: (seq: number, why: string) => void
}

export class Session {
  readonly outbox = new Outbox()
  readonly #context: SessionContext
  #hello: Hello
  #journalSeq: number
  /** The newest desired state that was sent; `isTakenIn` once the agent said so. */
  #sent: { readonly revision: number; readonly content: string; isTakenIn: boolean } | null = null
  #journal: Promise<void> = Promise.resolve()
  #journalBatches = 0
  #isClosed = false

  constructor(context: SessionContext, hello: Hello, journalSeq: number) {
    this.#context = context
    this.#hello = hello
    this.#journalSeq = journalSeq
  }

  /** With the devices that the agent named last. */
  get hello(): Hello {
    return this.#hello
  }

  welcome(): void {
    const { heartbeatMs, leaseMs } = agentsConfig
    this.outbox.put('welcome', { welcome: { heartbeatMs, leaseMs, journalSeq: this.#journalSeq } })
  }

  /** Sends it unless the agent was told the same before. */
  send(desired: Desired, revision: number): void {
    const message = encodeDesired(desired, revision)
    const content = JSON.stringify({ ...message, revision: 0 })
    if (this.#sent?.content === content) return
    this.#sent = { revision, content, isTakenIn: false }
    this.outbox.put('desired', { desired: message })
  }

  /** Nothing that still arrives on this stream counts any more. */
  close(error: unknown = null): void {
    this.#isClosed = true
    this.outbox.end(error)
  }

  /** Reads until the agent ends the stream. */
  async read(requests: AsyncIterator<ConnectRequest__Output>): Promise<void> {
    for (;;) {
      const next = await requests.next()
      if (next.done === true || this.#isClosed) return
      this.#context.onHeard()
      await this.#take(next.value)
    }
  }

  async #take(request: ConnectRequest__Output): Promise<void> {
    if (request.observed) return this.#takeObserved(request.observed)
    if (request.journal) return this.#takeJournal(request.journal.records)
    if (request.log) return this.#takeLog(request.log)
    const found = request.hello ? 'a second hello' : 'an empty message or one of a newer version'
    throw invalid([{ field: 'message', description: `is ${found}; send observed, journal or log` }])
  }

  async #takeObserved(wire: Parameters<typeof decodeObserved>[0]): Promise<void> {
    const { store, intake } = this.#context
    const { region } = this.hello
    const observed = decodeObserved(wire)
    this.#context.onUses(decodeUses(wire.uses))
    this.#context.onGateway(observed.gateway, observed.pipelines)
    if (observed.devices.length > 0 && encode(observed.devices) !== encode(this.#hello.devices)) {
      this.#hello = { ...this.#hello, devices: observed.devices }
      this.#context.onDevices()
    }
    const sent = this.#sent
    const isNews = sent !== null && !sent.isTakenIn && observed.desiredRevision === sent.revision
    // Scanned once per desired state, not at every heartbeat.
    const toldToStop = isNews ? (instancesByRegion(store.view()).get(region) ?? []).filter((one) => one.isReleased) : []
    await intake.submit({
      jobIds: [...new Set(wire.instances.map((instance) => instance.jobId))],
      write: (draft) => writeObserved(draft, region, observed, toldToStop),
    })
    if (isNews) sent.isTakenIn = true
  }

  /** Batches wait for the store one after another, while heartbeats go on being read. */
  async #takeJournal(records: Parameters<typeof journalReport>[2]): Promise<void> {
    this.#journalBatches += 1
    const apply = this.#journal.then(() => this.#applyJournal(records))
    this.#journal = apply.then(
      () => {
        this.#journalBatches -= 1
      },
      (error: unknown) => this.close(error),
    )
    if (this.#journalBatches >= agentsConfig.journalBatchesMax) await this.#journal
  }

  async #applyJournal(records: Parameters<typeof journalReport>[2]): Promise<void> {
    const { intake, catalogue, onRefused } = this.#context
    const { region, agentId } = this.hello
    const found = journalReport({ region, agentId, catalogue: catalogue(), onRefused }, this.#journalSeq, records)
    if (found !== null) {
      await intake.submit(found.report)
      this.#journalSeq = found.toSeq
    }
    this.outbox.put('journal', { journalAck: { seq: this.#journalSeq } })
  }

  async #takeLog(chunk: LogChunk__Output): Promise<void> {
    const { store, clock, log } = this.#context
    const { instanceId, offset, data } = chunk
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw invalid([{ field: 'log.offset', description: `is ${offset}; give the position of the chunk in the log` }])
    const instance = store.activeInstance(instanceId) ?? (await store.instance(instanceId))
    if (instance?.region !== this.hello.region) {
      // Nobody can read it, so the agent may forget it.
      this.#acknowledgeLog(instanceId, offset + data.byteLength)
      return
    }
    try {
      this.#acknowledgeLog(instanceId, await store.logs.append({ instanceId, offset, data }))
    } catch (error) {
      if (!(error instanceof CloudlessError)) throw error
      if (error.kind === 'invalid') throw error
      // A disk without room for logs must not end training: the agent keeps them and is asked again.
      log.warn({ instanceId, error: messageOf(error) }, 'log not stored; asking again later')
      clock.after(agentsConfig.logRetryMs, () => void this.#askForLog(instanceId))
    }
  }

  async #askForLog(instanceId: string): Promise<void> {
    try {
      this.#acknowledgeLog(instanceId, await this.#context.store.logs.length(instanceId))
    } catch (error) {
      this.close(error)
    }
  }

  #acknowledgeLog(instanceId: string, offset: number): void {
    this.outbox.put(`log ${instanceId}`, { logAck: { instanceId, offset } })
  }
}

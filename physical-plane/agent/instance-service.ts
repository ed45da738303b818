// The agent's side of InstanceService: parameter servers on this machine dial in over a Unix socket, get their newest
// directive at once and after every change, and tell their status, rounds and evaluations. Rounds and evaluations are
// acknowledged once they are durable in the journal; a status that says FINISHED is acknowledged by repeating the count.
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { AttachRequest__Output } from '#proto/generated/cloudless/v1/AttachRequest.ts'
import type { AttachResponse } from '#proto/generated/cloudless/v1/AttachResponse.ts'
import type { Directive } from '#proto/generated/cloudless/v1/Directive.ts'
import type { Evaluation__Output } from '#proto/generated/cloudless/v1/Evaluation.ts'
import type { InstanceHello__Output } from '#proto/generated/cloudless/v1/InstanceHello.ts'
import type { InstanceServiceHandlers } from '#proto/generated/cloudless/v1/InstanceService.ts'
import type { InstanceStatus__Output } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import type { AgentConfig } from './config.ts'
import type { Journal, NewRecord } from './journal.ts'
import { Wake } from './wake.ts'

export type InstanceServiceDependencies = {
  readonly log: Log
  readonly journal: Journal
  readonly config: Pick<AgentConfig, 'protocolVersion' | 'attachedMax'>
  /** The attempt that runs now; null for an instance that this agent does not run. */
  readonly attemptOf: (instanceId: string) => number | null
  readonly directiveOf: (instanceId: string) => Directive
  /** Resolves when what must not be lost of it is durable. */
  readonly onStatus: (instanceId: string, status: InstanceStatus__Output) => Promise<void>
  readonly onRound: (instanceId: string, round: Round__Output) => void
  readonly onEvaluation: (instanceId: string, evaluation: Evaluation__Output) => void
}

type Attachment = {
  readonly instanceId: string
  readonly attempt: number
  readonly wake: Wake
  readonly abort: AbortController
  isDirectiveDue: boolean
  isAckDue: boolean
  /** Rounds and evaluations of this attachment that are durable. */
  durable: number
}

export class InstanceDesk {
  readonly #d: InstanceServiceDependencies
  readonly #attached = new Set<Attachment>()
  readonly service: Implementation<InstanceServiceHandlers>

  constructor(dependencies: InstanceServiceDependencies) {
    this.#d = dependencies
    this.service = { attach: (requests, call) => this.#attach(requests, call.signal) }
  }

  /** Directives may have changed: every attached parameter server gets its newest. */
  directivesChanged(): void {
    for (const attachment of this.#attached) {
      attachment.isDirectiveDue = true
      attachment.wake.ring()
    }
  }

  async *#attach(requests: AsyncIterable<AttachRequest__Output>, signal: AbortSignal): AsyncGenerator<AttachResponse> {
    const incoming = requests[Symbol.asyncIterator]()
    const first = await incoming.next()
    const attachment = this.#welcome(first.done === true ? null : first.value.hello)
    this.#attached.add(attachment)
    const end = (): void => {
      attachment.abort.abort()
      attachment.wake.ring()
    }
    signal.addEventListener('abort', end, { once: true })
    const reading = this.#read(attachment, incoming).finally(end)
    try {
      while (!attachment.abort.signal.aborted && !signal.aborted) {
        if (attachment.isDirectiveDue) {
          attachment.isDirectiveDue = false
          yield { directive: this.#d.directiveOf(attachment.instanceId) }
        } else if (attachment.isAckDue) {
          attachment.isAckDue = false
          yield { recordsAck: { count: attachment.durable } }
        } else await attachment.wake.wait()
      }
      // What became durable with the last messages is still acknowledged.
      if (!signal.aborted) await reading
      if (attachment.isAckDue && !signal.aborted) yield { recordsAck: { count: attachment.durable } }
    } finally {
      end()
      this.#attached.delete(attachment)
    }
  }

  #welcome(hello: InstanceHello__Output | null | undefined): Attachment {
    const { config, attemptOf } = this.#d
    if (hello === null || hello === undefined)
      throw new CloudlessError('invalid', 'HELLO_MISSING', 'hello: the first message of an instance must be its hello')
    const { instanceId, attempt, protocolVersion } = hello
    if (protocolVersion !== config.protocolVersion)
      throw new CloudlessError(
        'conflict',
        'OTHER_VERSION',
        `instance ${instanceId} speaks protocol ${protocolVersion}, its agent ${config.protocolVersion}: update both`,
      )
    const running = attemptOf(instanceId)
    if (running !== attempt)
      throw new CloudlessError(
        'conflict',
        'OTHER_ATTEMPT',
        `attempt ${attempt} of instance ${instanceId} is not what this agent runs (${running ?? 'nothing'})`,
      )
    if (this.#attached.size >= config.attachedMax)
      throw new CloudlessError(
        'exhausted',
        'TOO_MANY_INSTANCES',
        `more than ${config.attachedMax} instances are attached`,
      )
    return {
      instanceId,
      attempt,
      wake: new Wake(),
      abort: new AbortController(),
      isDirectiveDue: true,
      isAckDue: false,
      durable: 0,
    }
  }

  async #read(attachment: Attachment, incoming: AsyncIterator<AttachRequest__Output>): Promise<void> {
    const appending: Promise<void>[] = []
    try {
      for (let next = await incoming.next(); next.done !== true; next = await incoming.next()) {
        const appended = this.#take(attachment, next.value)
        if (appended !== null) appending.push(appended)
        // The parameter server waits for its acknowledgement when the journal is full.
        if (!this.#d.journal.hasRoom) await appended
        if (appending.length > 1_000) await Promise.all(appending.splice(0))
      }
    } catch (error) {
      this.#d.log.debug({ instanceId: attachment.instanceId, why: messageOf(error) }, 'a parameter server went away')
    }
    await Promise.all(appending)
  }

  /** The promise resolves when the record is durable; null for what is no record. */
  #take(attachment: Attachment, request: AttachRequest__Output): Promise<void> | null {
    const { instanceId } = attachment
    if (request.message === 'status') return this.#status(attachment, request.status!)
    if (request.message === 'round') {
      this.#d.onRound(instanceId, request.round!)
      return this.#append(attachment, { round: request.round! })
    }
    if (request.message === 'evaluation') {
      this.#d.onEvaluation(instanceId, request.evaluation!)
      return this.#append(attachment, { evaluation: request.evaluation! })
    }
    this.#d.log.warn({ instanceId }, 'a parameter server sent a message that this agent does not expect')
    return null
  }

  async #status(attachment: Attachment, status: InstanceStatus__Output): Promise<void> {
    const { instanceId, attempt } = attachment
    // A killed predecessor's words still in the socket must not speak for its successor.
    if (this.#d.attemptOf(instanceId) !== attempt) return
    await this.#d.onStatus(instanceId, status)
    if (status.progress?.phase === 'PARTITION_PHASE_FINISHED') this.#acknowledge(attachment, 0)
  }

  async #append(attachment: Attachment, record: NewRecord): Promise<void> {
    await this.#d.journal.append({ records: [record] })
    this.#acknowledge(attachment, 1)
  }

  #acknowledge(attachment: Attachment, records: number): void {
    attachment.durable += records
    attachment.isAckDue = true
    attachment.wake.ring()
  }
}

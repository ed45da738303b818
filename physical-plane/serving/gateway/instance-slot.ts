// One instance as the gateway sees it: what is in flight there, how much may be, and whether to trust it now. An instance whose
// connection broke, or that answered nothing in time, gets nothing for a moment; then one request, to see. A hanging model
// would keep that one from an answer too: so where a request expired, the instance is the last to be asked for a while.
import type { GatewayConfig } from './config.ts'
import { adjustLimit, begunLimit, type InFlightBounds, type InFlightLimit } from './in-flight-limit.ts'
import type { InferBody } from './infer.ts'
import type { InstanceClient } from './instance-client.ts'
import type { RoutedInstance } from './routes.ts'

/** `address` is host:port. */
export type OpenClient = (protocol: InferBody['protocol'], address: string) => InstanceClient

export class InstanceSlot {
  readonly instance: RoutedInstance
  readonly #open: OpenClient
  readonly #config: GatewayConfig
  readonly #clients = new Map<InferBody['protocol'], InstanceClient>()
  #bounds: InFlightBounds
  #limit: InFlightLimit
  #inFlight = 0
  #failuresInRow = 0
  #suspectUntilMs = 0
  #isLetGo = false
  #lastAnswerAtMs = Number.NEGATIVE_INFINITY
  #silentUntilMs = Number.NEGATIVE_INFINITY

  constructor(instance: RoutedInstance, bounds: InFlightBounds, open: OpenClient, config: GatewayConfig) {
    this.instance = instance
    this.#bounds = bounds
    this.#limit = begunLimit(bounds)
    this.#open = open
    this.#config = config
  }

  get id(): string {
    return this.instance.id
  }
  get inFlight(): number {
    return this.#inFlight
  }
  get isLetGo(): boolean {
    return this.#isLetGo
  }
  get suspectUntilMs(): number {
    return this.#suspectUntilMs
  }

  /** As many requests as it may have at once now. */
  limitAt(nowMs: number): number {
    if (this.#isLetGo || nowMs < this.#suspectUntilMs) return 0
    return this.#failuresInRow > 0 ? 1 : Math.floor(this.#limit.limit)
  }

  /** It let a request expire a while ago, and has answered nothing since. */
  isSilentAt(nowMs: number): boolean {
    return nowMs < this.#silentUntilMs
  }

  hasRoom(nowMs: number): boolean {
    return this.#inFlight < this.limitAt(nowMs)
  }

  speaks(protocol: InferBody['protocol']): boolean {
    return this.instance[protocol] !== ''
  }

  isSame(instance: RoutedInstance): boolean {
    const { id, attempt, http, grpc } = this.instance
    return id === instance.id && attempt === instance.attempt && http === instance.http && grpc === instance.grpc
  }

  boundsAre(bounds: InFlightBounds): void {
    if (bounds.max === this.#bounds.max && bounds.min === this.#bounds.min) return
    this.#bounds = bounds
    this.#limit = begunLimit(bounds)
  }

  client(protocol: InferBody['protocol']): InstanceClient {
    const known = this.#clients.get(protocol)
    if (known !== undefined) return known
    const opened = this.#open(protocol, this.instance[protocol])
    this.#clients.set(protocol, opened)
    return opened
  }

  begun(): void {
    this.#inFlight += 1
  }

  answered(nowMs: number, tookMs: number, sloMs: number | null): void {
    const answer = { nowMs, tookMs, inFlight: this.#inFlight }
    this.#limit = adjustLimit(this.#limit, answer, sloMs, this.#bounds, this.#config)
    this.#failuresInRow = 0
    this.#lastAnswerAtMs = nowMs
    this.#silentUntilMs = Number.NEGATIVE_INFINITY
    this.ended()
  }

  failed(nowMs: number): void {
    this.#suspect(nowMs)
    this.ended()
  }

  /** It had the request since then and has answered nothing at all in the meantime. */
  expired(nowMs: number, sentAtMs: number): void {
    if (this.#lastAnswerAtMs < sentAtMs) {
      this.#suspect(nowMs)
      this.#silentUntilMs = nowMs + this.#config.silentMs
    }
    this.ended()
  }

  ended(): void {
    this.#inFlight -= 1
    this.#closeWhenIdle()
  }

  /** Gets nothing new; what is in flight there ends. */
  letGo(): void {
    this.#isLetGo = true
    this.#closeWhenIdle()
  }

  comeBack(): void {
    this.#isLetGo = false
  }

  #suspect(nowMs: number): void {
    if (nowMs < this.#suspectUntilMs) return
    const { suspectMs, suspectMsMax } = this.#config
    this.#suspectUntilMs = nowMs + Math.min(suspectMsMax, suspectMs * 2 ** Math.min(20, this.#failuresInRow))
    this.#failuresInRow += 1
  }

  #closeWhenIdle(): void {
    if (!this.#isLetGo || this.#inFlight > 0) return
    for (const client of this.#clients.values()) client.close()
    this.#clients.clear()
  }
}

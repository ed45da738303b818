// The requests of one function: taken or refused, waiting in line, at an instance, answered. Each is answered once or told why not.
// Instances get them by least outstanding requests; one whose instance was lost goes to the head of the line once more, unless the
// function may not be asked twice. An instance that left the routes ends what it has.
import type { Clock } from '#runtime/clock.ts'
import { admit, expectedAnswerMs, type Load } from './admission.ts'
import type { GatewayConfig } from './config.ts'
import { GatewayFault } from './fault.ts'
import { inFlightBounds } from './in-flight-limit.ts'
import type { FunctionView, InferBody } from './infer.ts'
import type { Failure, InstanceAnswer } from './instance-client.ts'
import { InstanceSlot, type OpenClient } from './instance-slot.ts'
import { Measured } from './measured.ts'
import type { RoutedFunction } from './routes.ts'
import { ServiceRate } from './service-rate.ts'
import { WaitLine } from './wait-line.ts'

export type AskListener = {
  readonly onAnswer: (answer: InstanceAnswer, instanceId: string) => void
  readonly onFault: (fault: GatewayFault) => void
}

export type DispatcherDependencies = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly config: GatewayConfig
  readonly open: OpenClient
  /** A request came and nobody answers: whoever starts instances should know at once. */
  readonly onCold: () => void
}

/** One request, from its arrival to its end. */
type Asked = {
  readonly body: InferBody
  readonly bytes: number
  readonly arrivedAtMs: number
  readonly deadlineMs: number
  readonly wishedId: string | null
  readonly listener: AskListener
  slot: InstanceSlot | null
  sentAtMs: number
  takeBack: (() => void) | null
  /** The instance that failed it last: another one gets it, if there is one. */
  failedAt: string
  /** It came while nobody answered: that it is late is not the line's doing. */
  readonly isCold: boolean
  /** An instance was lost with it, once. */
  isRetried: boolean
  isOver: boolean
}

const nobody = (): void => {}

export class Dispatcher {
  readonly measured: Measured
  readonly #d: DispatcherDependencies
  #route: RoutedFunction
  #slots: InstanceSlot[] = []
  /** No more in the routes, with something still in flight. */
  readonly #leaving = new Set<InstanceSlot>()
  readonly #line = new WaitLine<Asked>()
  readonly #inFlight = new Set<Asked>()
  readonly #rate: ServiceRate
  /** When an instance was lost or left last: the line was longer then than what is there now can answer. */
  #lostAtMs = Number.NEGATIVE_INFINITY
  #servedMs: number | null = null
  #servedDeviationMs = 0
  /** Where the search for the instance with the least begins, so that equal ones take turns. */
  #turn = 0

  constructor(route: RoutedFunction, dependencies: DispatcherDependencies) {
    this.#d = dependencies
    this.#route = route
    this.#rate = new ServiceRate(dependencies.config.rateMemoryMs)
    this.measured = new Measured(route.slo, dependencies.config)
    this.update(route)
  }

  get route(): RoutedFunction {
    return this.#route
  }
  get queued(): number {
    return this.#line.length
  }
  get inFlight(): number {
    return this.#inFlight.size
  }
  get isIdle(): boolean {
    return this.#line.length === 0 && this.#inFlight.size === 0
  }
  get slots(): readonly InstanceSlot[] {
    return this.#slots
  }
  get leaving(): readonly InstanceSlot[] {
    return [...this.#leaving]
  }

  update(route: RoutedFunction): void {
    this.#route = route
    this.measured.objectiveIs(route.slo)
    const bounds = inFlightBounds(route.batchMax, this.#d.config)
    const kept = this.#slots.filter((slot) => route.instances.some((instance) => slot.isSame(instance)))
    for (const slot of this.#slots) if (!kept.includes(slot)) this.#letGo(slot)
    for (const slot of kept) slot.boundsAre(bounds)
    const added = route.instances
      .filter((instance) => !kept.some((slot) => slot.isSame(instance)))
      .map((instance) => new InstanceSlot(instance, bounds, this.#d.open, this.#d.config))
    if (added.length > 0 || kept.length < this.#slots.length) this.#rate.forget()
    this.#slots = [...kept, ...added].sort((a, b) => (a.id < b.id ? -1 : 1))
    this.#dispatch()
  }

  /** The function is no more; what is in flight may end. */
  close(): void {
    for (const slot of this.#slots) this.#letGo(slot)
    this.#slots = []
    for (const asked of this.#line.takeAll())
      this.#fail(asked, new GatewayFault('unknown', `${this.#route.name} was deleted while the request waited`))
  }

  /** Returns how the request is taken back by a client that leaves. */
  ask(body: InferBody, deadlineMs: number, wishedId: string | null, listener: AskListener): () => void {
    const { clock, config, onCold } = this.#d
    const nowMs = clock.monotonicMs()
    this.measured.arrived()
    const load = this.#load(nowMs)
    const admission = admit(load, this.#bounds(), deadlineMs - nowMs, config)
    if (load.inFlightMax === 0) onCold()
    if (admission.kind === 'refused') {
      this.measured.refused()
      const { because, retryAfterMs, isCold } = admission
      listener.onFault(
        new GatewayFault(isCold ? 'cold' : 'overloaded', `${this.#route.name} takes no more: ${because}`, {
          retryAfterMs,
        }),
      )
      return nobody
    }
    const asked: Asked = {
      body,
      bytes: body.bytes.length,
      arrivedAtMs: nowMs,
      deadlineMs,
      wishedId,
      listener,
      slot: null,
      sentAtMs: 0,
      takeBack: null,
      failedAt: '',
      isCold: load.inFlightMax === 0,
      isRetried: false,
      isOver: false,
    }
    const slot = this.#line.length === 0 ? this.#slotFor(asked, nowMs) : null
    if (slot !== null) this.#send(asked, slot, nowMs)
    else this.#wait(asked, nowMs)
    return () => this.#cancel(asked)
  }

  /** Whether a request of this size is worth receiving at all; the fault otherwise. */
  refusal(leftMs: number): GatewayFault | null {
    const admission = admit(this.#load(this.#d.clock.monotonicMs()), this.#bounds(), leftMs, this.#d.config)
    if (admission.kind === 'taken') return null
    this.measured.arrived()
    this.measured.refused()
    const { because, retryAfterMs, isCold } = admission
    const kind = isCold ? 'cold' : 'overloaded'
    return new GatewayFault(kind, `${this.#route.name} takes no more: ${because}`, { retryAfterMs })
  }

  /** Ends what has no time left, and tries again what waits for instances that were not to be trusted. */
  sweep(nowMs: number): void {
    for (const asked of this.#line.expire(nowMs)) {
      const where = this.#slots.length === 0 ? 'no instance answers yet' : 'it waited in line'
      this.#fail(asked, this.#expired(asked, where))
    }
    for (const asked of this.#inFlight) {
      if (asked.deadlineMs > nowMs) continue
      asked.takeBack?.()
      asked.slot?.expired(nowMs, asked.sentAtMs)
      this.#fail(asked, this.#expired(asked, `instance ${asked.slot?.id ?? ''} had it`))
    }
    if (this.#line.length > 0) this.#dispatch()
  }

  tick(atMs: number): void {
    this.measured.tick(atMs, this.queued, this.inFlight)
  }

  /** What a new request would take; null while nothing is known. */
  expectedMs(): number | null {
    return expectedAnswerMs(this.#load(this.#d.clock.monotonicMs()))
  }

  view(): FunctionView {
    const nowMs = this.#d.clock.monotonicMs()
    const { name, batchMax, slo, profile = [] } = this.#route
    const shapes = new Map(this.#route.instances.map(({ id, shape = null }) => [id, shape]))
    const instances = this.#slots.map((slot) => {
      const shape = shapes.get(slot.id) ?? null
      return { id: slot.id, inFlight: slot.inFlight, inFlightMax: slot.limitAt(nowMs), shape }
    })
    const latencyMs = this.measured.recent().percentileMs(slo?.percentile ?? 99)
    return { name, instances, queued: this.queued, batchMax, slo, latencyMs, profile }
  }

  #bounds(): { readonly sloMs: number | null; readonly queueMax: number } {
    return { sloMs: this.#route.slo?.latencyMs ?? null, queueMax: this.#route.queueMax }
  }

  #load(nowMs: number): Load {
    return {
      queued: this.#line.length,
      inFlight: this.#inFlight.size,
      inFlightMax: this.#slots.reduce((sum, slot) => sum + slot.limitAt(nowMs), 0),
      ratePerSecond: this.#rate.perSecond(),
      servedMs: this.#servedMsMost(),
    }
  }

  #wait(asked: Asked, nowMs: number): void {
    if (this.#line.length === 0) this.#rate.note(nowMs, 0, true)
    this.#line.push(asked)
  }

  #dispatch(): void {
    const nowMs = this.#d.clock.monotonicMs()
    for (;;) {
      const asked = this.#line.first()
      if (asked === null) break
      if (this.#slots.length > 0 && !this.#slots.some((slot) => slot.speaks(asked.body.protocol))) {
        this.#line.leave(asked)
        this.#fail(asked, this.#mute(asked.body.protocol))
        continue
      }
      const slot = this.#slotFor(asked, nowMs)
      if (slot === null) break
      this.#line.leave(asked)
      if (this.#isTooLate(asked, nowMs)) {
        this.#giveUp(asked)
        continue
      }
      this.#send(asked, slot, nowMs)
    }
    if (this.#line.length === 0) this.#rate.note(nowMs, 0, false)
  }

  /**
   * It would miss its objective and make others miss theirs, as it took longer than expected when it was taken. Who waits because an
   * instance was lost, or none was there, is answered late rather than not at all.
   */
  #isTooLate({ arrivedAtMs, isCold, isRetried }: Asked, nowMs: number): boolean {
    const sloMs = this.#route.slo?.latencyMs ?? Infinity
    if (isCold || isRetried || arrivedAtMs <= this.#lostAtMs || this.#line.length === 0) return false
    return nowMs - arrivedAtMs + (this.#servedMsMost() ?? 0) > sloMs
  }

  #giveUp(asked: Asked): void {
    asked.isOver = true
    this.measured.refused()
    const because = `the line took longer than expected, and its objective can not be kept any more`
    const details = { retryAfterMs: this.#d.config.retryAfterMsMin }
    asked.listener.onFault(new GatewayFault('overloaded', `${this.#route.name} gives up: ${because}`, details))
  }

  /** The one wished for where it has room; otherwise the one with the least. Not where the request was lost, if there is another. */
  #slotFor({ body, wishedId, failedAt }: Asked, nowMs: number): InstanceSlot | null {
    const { length } = this.#slots
    let best: InstanceSlot | null = null
    for (let step = 0; step < length; step += 1) {
      const slot = this.#slots[(this.#turn + step) % length]!
      if (!slot.speaks(body.protocol) || !slot.hasRoom(nowMs)) continue
      if (slot.id === failedAt && length > 1) continue
      if (slot.id === wishedId) return slot
      if (best === null || slot.inFlight < best.inFlight) best = slot
    }
    if (length > 0) this.#turn = (this.#turn + 1) % length
    return best
  }

  #send(asked: Asked, slot: InstanceSlot, nowMs: number): void {
    asked.slot = slot
    asked.sentAtMs = nowMs
    this.#inFlight.add(asked)
    slot.begun()
    const { body, deadlineMs } = asked
    asked.takeBack = slot.client(body.protocol).send(this.#route.name, body, deadlineMs - nowMs, {
      onAnswer: (answer) => this.#answered(asked, slot, answer),
      onFailure: (failure) => this.#failed(asked, slot, failure),
    })
  }

  #answered(asked: Asked, slot: InstanceSlot, answer: InstanceAnswer): void {
    if (asked.isOver) return
    const nowMs = this.#d.clock.monotonicMs()
    const tookMs = nowMs - asked.sentAtMs
    slot.answered(nowMs, tookMs, this.#route.slo?.latencyMs ?? null)
    this.#forgetIfGone(slot)
    if (answer.httpStatus === 200 && answer.grpcStatus === 0) this.#learn(tookMs)
    this.#inFlight.delete(asked)
    asked.isOver = true
    this.#rate.note(nowMs, 1, this.#line.length > 0)
    this.measured.answered(nowMs - asked.arrivedAtMs, isFailure(answer))
    this.#dispatch()
    asked.listener.onAnswer(answer, slot.id)
  }

  #failed(asked: Asked, slot: InstanceSlot, { kind, because }: Failure): void {
    if (asked.isOver) return
    this.#lostAtMs = this.#d.clock.monotonicMs()
    slot.failed(this.#lostAtMs)
    this.#forgetIfGone(slot)
    this.#inFlight.delete(asked)
    asked.slot = null
    asked.takeBack = null
    const mayAskAgain = kind !== 'died' || (!this.#route.atMostOnce && !asked.isRetried)
    if (!mayAskAgain) {
      const before = asked.isRetried ? `, as another one before it` : ''
      const fault = new GatewayFault(
        'instance-died',
        `instance ${slot.id} was lost with the request${before}: ${because}`,
      )
      this.#fail(asked, fault)
      this.#dispatch()
      return
    }
    asked.failedAt = slot.id
    if (kind === 'died') {
      asked.isRetried = true
      this.measured.retried()
    }
    this.#line.pushFront(asked)
    this.#dispatch()
  }

  #fail(asked: Asked, fault: GatewayFault): void {
    if (asked.isOver) return
    asked.isOver = true
    this.#inFlight.delete(asked)
    if (asked.slot !== null) this.#forgetIfGone(asked.slot)
    this.measured.answered(this.#d.clock.monotonicMs() - asked.arrivedAtMs, true)
    asked.listener.onFault(fault)
  }

  #cancel(asked: Asked): void {
    if (asked.isOver) return
    asked.isOver = true
    this.measured.cancelled()
    if (this.#line.leave(asked)) return
    this.#inFlight.delete(asked)
    asked.takeBack?.()
    asked.slot?.ended()
    if (asked.slot !== null) this.#forgetIfGone(asked.slot)
    this.#dispatch()
  }

  /** What few requests pass; null while nothing is known. */
  #servedMsMost(): number | null {
    return this.#servedMs === null ? null : this.#servedMs + 2 * this.#servedDeviationMs
  }

  #learn(tookMs: number): void {
    if (this.#servedMs === null) {
      this.#servedMs = tookMs
      this.#servedDeviationMs = tookMs / 4
      return
    }
    const offMs = tookMs - this.#servedMs
    this.#servedMs += offMs / 8
    this.#servedDeviationMs += (Math.abs(offMs) - this.#servedDeviationMs) / 4
  }

  #letGo(slot: InstanceSlot): void {
    slot.letGo()
    this.#lostAtMs = this.#d.clock.monotonicMs()
    if (slot.inFlight > 0) this.#leaving.add(slot)
  }

  #forgetIfGone(slot: InstanceSlot): void {
    if (slot.isLetGo && slot.inFlight === 0) this.#leaving.delete(slot)
  }

  #expired({ arrivedAtMs, deadlineMs }: Asked, where: string): GatewayFault {
    const ms = (deadlineMs - arrivedAtMs).toFixed(0)
    return new GatewayFault('expired', `${this.#route.name} did not answer within ${ms} ms: ${where}`)
  }

  #mute(protocol: InferBody['protocol']): GatewayFault {
    const text = `instances of ${this.#route.name} do not answer over ${protocol}; ask over the other protocol`
    return new GatewayFault('cold', text)
  }
}

/** A wrong request is no failure of who refuses it. */
function isFailure({ httpStatus, grpcStatus }: InstanceAnswer): boolean {
  const wrongRequest = [3, 5, 9, 11, 12]
  return httpStatus >= 500 || (grpcStatus !== 0 && !wrongRequest.includes(grpcStatus))
}

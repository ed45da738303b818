// The requests of one function: taken or refused, waiting in line, at an instance, answered. Each is answered once or told why not.
// Instances get them by least outstanding requests; one whose instance was lost goes to the head of the line once more, unless the
// function may not be asked twice. An instance that left the routes ends what it has.
import type { Clock } from '#runtime/clock.ts'
import { admit, type Load } from './admission.ts'
import { isFailure, isOutOfTime, newlyAsked, type Asked, type AskListener } from './asked.ts'
import * as told from './asked-faults.ts'
import type { GatewayConfig } from './config.ts'
import type { GatewayFault } from './fault.ts'
import type { FunctionView, InferBody } from './infer.ts'
import type { Failure, InstanceAnswer } from './instance-client.ts'
import type { InstanceSlot, OpenClient } from './instance-slot.ts'
import { InstanceSlots } from './instance-slots.ts'
import { Measured } from './measured.ts'
import type { RoutedFunction } from './routes.ts'
import { ServedTime } from './served-time.ts'
import { ServiceRate } from './service-rate.ts'
import { WaitLine } from './wait-line.ts'

export type DispatcherDependencies = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly config: GatewayConfig
  readonly open: OpenClient
  /** A request came and nobody answers: whoever starts instances should know at once. */
  readonly onCold: () => void
}

const nobody = (): void => {}

export class Dispatcher {
  readonly measured: Measured
  readonly #d: DispatcherDependencies
  #route: RoutedFunction
  readonly #slots: InstanceSlots
  readonly #line = new WaitLine<Asked>()
  readonly #inFlight = new Set<Asked>()
  readonly #rate: ServiceRate
  /** When an instance was lost or left last: the line was longer then than what is there now can answer. */
  #lostAtMs = Number.NEGATIVE_INFINITY
  readonly #served = new ServedTime()

  constructor(route: RoutedFunction, dependencies: DispatcherDependencies) {
    this.#d = dependencies
    this.#route = route
    this.#slots = new InstanceSlots(dependencies.open, dependencies.config)
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
    return this.#slots.all
  }
  get leaving(): readonly InstanceSlot[] {
    return this.#slots.leaving
  }

  update(route: RoutedFunction): void {
    this.#route = route
    this.measured.objectiveIs(route.slo)
    const { hasAdded, hasLost } = this.#slots.update(route)
    if (hasLost) this.#lostAtMs = this.#d.clock.monotonicMs()
    if (hasAdded || hasLost) this.#rate.forget()
    this.#dispatch()
  }

  /** The function is no more; what is in flight may end. */
  close(): void {
    this.#slots.close()
    for (const asked of this.#line.takeAll()) this.#fail(asked, told.deleted(this.#route.name))
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
      listener.onFault(told.refused(this.#route.name, because, retryAfterMs, isCold))
      return nobody
    }
    const isCold = load.inFlightMax === 0
    const asked = newlyAsked({ body, arrivedAtMs: nowMs, deadlineMs, wishedId, listener, isCold })
    const slot = this.#line.length === 0 ? this.#slots.choose(asked, nowMs) : null
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
    return told.refused(this.#route.name, because, retryAfterMs, isCold)
  }

  /** Ends what has no time left, and tries again what waits for instances that were not to be trusted. */
  sweep(nowMs: number): void {
    for (const asked of this.#line.expire(nowMs)) {
      const where = this.#slots.all.length === 0 ? this.#absence() : 'it waited in line'
      this.#fail(asked, told.expired(this.#route.name, asked, where))
    }
    for (const asked of this.#inFlight) {
      if (asked.deadlineMs > nowMs) continue
      asked.takeBack?.()
      asked.slot?.expired(nowMs, asked.sentAtMs)
      this.#fail(asked, told.expired(this.#route.name, asked, `instance ${asked.slot?.id ?? ''} had it`))
    }
    if (this.#line.length > 0) this.#dispatch()
  }

  #absence(): string {
    const { absence = '' } = this.#route
    return `no instance answers yet${absence === '' ? '' : `: ${absence}`}`
  }

  tick(atMs: number): void {
    this.measured.tick(atMs, this.queued, this.inFlight)
  }

  view(): FunctionView {
    const nowMs = this.#d.clock.monotonicMs()
    const { name, batchMax, profile = [] } = this.#route
    const shapes = new Map(this.#route.instances.map(({ id, shape = null }) => [id, shape]))
    const instances = this.#slots.all.map((slot) => {
      const shape = shapes.get(slot.id) ?? null
      return { id: slot.id, inFlight: slot.inFlight, inFlightMax: slot.limitAt(nowMs), shape }
    })
    return { name, instances, queued: this.queued, batchMax, profile }
  }

  #bounds(): { readonly sloMs: number | null; readonly queueMax: number } {
    return { sloMs: this.#requestSloMs(), queueMax: this.#route.queueMax }
  }

  /** Of a request; null also where it is of a token: how many an answer will have nobody knows before it is there. */
  #requestSloMs(): number | null {
    const { slo } = this.#route
    return slo === null || slo.per === 'token' ? null : slo.latencyMs
  }

  #load(nowMs: number): Load {
    return {
      queued: this.#line.length,
      inFlight: this.#inFlight.size,
      inFlightMax: this.#slots.limitAt(nowMs),
      ratePerSecond: this.#rate.perSecond(),
      servedMs: this.#served.mostMs(),
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
      if (this.#slots.isMute(asked.body.protocol)) {
        this.#line.leave(asked)
        this.#fail(asked, told.mute(this.#route.name, asked.body.protocol))
        continue
      }
      const slot = this.#slots.choose(asked, nowMs)
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
    const sloMs = this.#requestSloMs() ?? Infinity
    if (isCold || isRetried || arrivedAtMs <= this.#lostAtMs || this.#line.length === 0) return false
    return nowMs - arrivedAtMs + (this.#served.mostMs() ?? 0) > sloMs
  }

  #giveUp(asked: Asked): void {
    asked.isOver = true
    this.measured.refused()
    asked.listener.onFault(told.givenUp(this.#route.name, this.#d.config.retryAfterMsMin))
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
    // Its time was up there a moment before it was here: that is no sign of life.
    if (isOutOfTime(answer)) slot.expired(nowMs, asked.sentAtMs)
    else slot.answered(nowMs, tookMs, this.#requestSloMs())
    this.#slots.forgetIfGone(slot)
    if (answer.httpStatus === 200 && answer.grpcStatus === 0) this.#served.learn(tookMs)
    this.#inFlight.delete(asked)
    asked.isOver = true
    this.#rate.note(nowMs, 1, this.#line.length > 0)
    this.measured.answered(nowMs - asked.arrivedAtMs, isFailure(answer), answer.outputTokens)
    this.#dispatch()
    asked.listener.onAnswer(answer, slot.id)
  }

  #failed(asked: Asked, slot: InstanceSlot, { kind, because }: Failure): void {
    if (asked.isOver) return
    this.#lostAtMs = this.#d.clock.monotonicMs()
    slot.failed(this.#lostAtMs)
    this.#slots.forgetIfGone(slot)
    this.#inFlight.delete(asked)
    asked.slot = null
    asked.takeBack = null
    const mayAskAgain = kind !== 'died' || (!this.#route.atMostOnce && !asked.isRetried)
    if (!mayAskAgain) {
      this.#fail(asked, told.lost(slot.id, asked, because))
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
    if (asked.slot !== null) this.#slots.forgetIfGone(asked.slot)
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
    if (asked.slot !== null) this.#slots.forgetIfGone(asked.slot)
    this.#dispatch()
  }
}

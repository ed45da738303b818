// Requests of one pipeline: taken or refused, run through its stages, answered or told why not. What its tensors take of the memory for
// bodies is held until a request ends, as its answers are kept for stages that are still to come.
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { AskListener } from './asked.ts'
import type { GatewayConfig } from './config.ts'
import { GatewayFault } from './fault.ts'
import type { HeldBytes } from './held-bytes.ts'
import type { Caller, InferBody, RoutedPipeline, RunPipeline, StageRun } from './infer.ts'
import { Measured } from './measured.ts'
import { StagesMeasured } from './stages-measured.ts'

export type ServedPipelineDependencies = {
  readonly clock: Clock
  readonly log: Log
  readonly config: GatewayConfig
  readonly held: HeldBytes
  readonly caller: Caller
  /** Null: this gateway answers no pipelines. */
  readonly runPipeline: RunPipeline | null
}

const plainAnswer = {
  httpStatus: 200,
  grpcStatus: 0,
  text: '',
  retryAfter: '',
  outputTokens: null,
  metadata: null,
} as const

export class ServedPipeline {
  readonly measured: Measured
  readonly stages = new StagesMeasured()
  readonly #d: ServedPipelineDependencies
  readonly #running = new Set<Running>()
  #route: RoutedPipeline

  constructor(route: RoutedPipeline, dependencies: ServedPipelineDependencies) {
    this.#d = dependencies
    this.#route = route
    this.measured = new Measured(route.slo, dependencies.config)
  }

  get route(): RoutedPipeline {
    return this.#route
  }
  get running(): number {
    return this.#running.size
  }

  update(route: RoutedPipeline): void {
    this.#route = route
    this.measured.objectiveIs(route.slo)
  }

  tick(atMs: number): void {
    this.measured.tick(atMs, 0, this.running)
    this.stages.tick(this.#route.stages)
  }

  /** Returns how the request is taken back by a client that leaves. */
  ask(body: InferBody, deadlineMs: number, listener: AskListener): () => void {
    const { clock, config, held, caller, runPipeline } = this.#d
    const route = this.#route
    const { measured } = this
    const arrivedAtMs = clock.monotonicMs()
    measured.arrived()
    const refusal = this.#refusal()
    if (runPipeline === null || refusal !== null) {
      measured.refused()
      listener.onFault(refusal ?? new GatewayFault('internal', 'this gateway runs no pipelines'))
      return () => {}
    }
    const one = new Running(route.name, held)
    this.#running.add(one)
    const over = (): boolean => {
      timer.cancel()
      return this.#running.delete(one) && one.end()
    }
    const fail = (fault: GatewayFault): void => {
      if (!over()) return
      one.left.abort()
      // What a stage refused at once costs nothing more and is told as a refusal.
      if (fault.kind === 'overloaded') measured.refused()
      else measured.answered(clock.monotonicMs() - arrivedAtMs, fault.httpStatus >= 500)
      listener.onFault(fault)
    }
    const allowedMs = deadlineMs - arrivedAtMs
    const expired = `${route.name} did not answer within ${allowedMs.toFixed(0)} ms`
    // The stage that is waited for notices first, and says which it is.
    const graceMs = 2 * config.sweepMs
    const timer = clock.after(Math.max(0, allowedMs) + graceMs, () => fail(new GatewayFault('expired', expired)))
    const options = {
      deadlineMs,
      signal: one.left.signal,
      hold: (bytes: number) => one.hold(bytes),
      release: (bytes: number) => one.release(bytes),
      onStage: (run: StageRun) => this.#stageEnded(run),
    }
    runPipeline(route, body, options, caller).then(
      ({ bytes, jsonBytes }) => {
        if (!over()) return
        measured.answered(clock.monotonicMs() - arrivedAtMs, false)
        listener.onAnswer({ ...plainAnswer, bytes, jsonBytes }, route.name)
      },
      (error: unknown) => fail(error instanceof GatewayFault ? error : this.#unexpected(error)),
    )
    return () => {
      if (!over()) return
      measured.cancelled()
      one.left.abort()
    }
  }

  #refusal(): GatewayFault | null {
    const { name } = this.#route
    if (this.running < this.#d.config.queuedMax) return null
    return new GatewayFault('overloaded', `${this.running} requests are in ${name}`, { retryAfterMs: 1_000 })
  }

  #stageEnded(run: StageRun): void {
    this.stages.ended(run)
    this.#d.log.debug(run, 'a stage of a pipeline ended')
  }

  #unexpected(error: unknown): GatewayFault {
    const { name } = this.#route
    this.#d.log.error({ pipeline: name, why: messageOf(error) }, 'a pipeline failed in a way that nobody foresaw')
    return new GatewayFault('internal', `${name}: ${messageOf(error)}`)
  }
}

/** One request, with the memory that its tensors take. */
class Running {
  readonly left = new AbortController()
  readonly #name: string
  readonly #held: HeldBytes
  #bytes = 0
  #isOver = false

  constructor(name: string, held: HeldBytes) {
    this.#name = name
    this.#held = held
  }

  hold(bytes: number): boolean {
    if (this.#isOver || !this.#held.take(this.#name, bytes)) return false
    this.#bytes += bytes
    return true
  }

  release(bytes: number): void {
    if (this.#isOver) return
    this.#bytes -= bytes
    this.#held.give(this.#name, bytes)
  }

  /** True, as it was not over before. */
  end(): true {
    this.#isOver = true
    this.#held.give(this.#name, this.#bytes)
    return true
  }
}

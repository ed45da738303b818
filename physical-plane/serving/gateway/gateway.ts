// The gateway's core: which function or pipeline a name is, and what becomes of a request for it, whatever protocol it came by. Servers
// and files stand around it; everything outside comes as an argument.
import type { Clock, Timer } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import { gatewayConfig, type GatewayConfig } from './config.ts'
import type { AskListener } from './asked.ts'
import { Dispatcher } from './dispatcher.ts'
import { GatewayFault } from './fault.ts'
import { HeldBytes } from './held-bytes.ts'
import type { Caller, InferAnswer, InferBody, InferOptions, RunPipeline } from './infer.ts'
import type { OpenClient } from './instance-slot.ts'
import { noRoutes, type Routes } from './routes.ts'
import { ServedPipeline } from './served-pipeline.ts'

export type GatewayDependencies = {
  readonly clock: Clock
  readonly log: Log
  readonly open: OpenClient
  /** Pipelines are not answered where it is absent. */
  readonly runPipeline?: RunPipeline
  readonly config?: GatewayConfig
  /** Something came for which nobody answers yet. */
  readonly onCold?: () => void
}

export class Gateway implements Caller {
  readonly config: GatewayConfig
  readonly held: HeldBytes
  readonly #d: GatewayDependencies
  readonly #functions = new Map<string, Dispatcher>()
  readonly #pipelines = new Map<string, ServedPipeline>()
  /** Functions that left the routes with requests in flight. */
  readonly #leaving = new Set<Dispatcher>()
  #routes: Routes = noRoutes
  #sweeping: Timer | null = null
  #ticking: Timer | null = null
  #isStopped = false

  constructor(dependencies: GatewayDependencies) {
    this.#d = dependencies
    this.config = dependencies.config ?? gatewayConfig
    this.held = new HeldBytes(this.config.heldBytesMax)
  }

  get revision(): number {
    return this.#routes.revision
  }
  /** In order of their names. */
  get functions(): readonly Dispatcher[] {
    return [...this.#functions.values()].sort((a, b) => (a.route.name < b.route.name ? -1 : 1))
  }
  get pipelines(): readonly ServedPipeline[] {
    return [...this.#pipelines.values()].sort((a, b) => (a.route.name < b.route.name ? -1 : 1))
  }
  get isIdle(): boolean {
    const isBusy = [...this.#functions.values(), ...this.#leaving].some((each) => !each.isIdle)
    return !isBusy && [...this.#pipelines.values()].every(({ running }) => running === 0)
  }

  start(): void {
    this.#tickAtNextSecond()
    this.#sweepLater()
  }

  stop(): void {
    this.#isStopped = true
    this.#sweeping?.cancel()
    this.#ticking?.cancel()
    for (const dispatcher of this.#functions.values()) dispatcher.close()
  }

  apply(routes: Routes): void {
    this.#routes = routes
    const { clock, open } = this.#d
    const kept = new Set(routes.functions.map(({ id }) => id))
    for (const [name, dispatcher] of this.#functions) {
      if (kept.has(dispatcher.route.id) && routes.functions.some((route) => route.name === name)) continue
      this.#functions.delete(name)
      dispatcher.close()
      if (!dispatcher.isIdle) this.#leaving.add(dispatcher)
    }
    for (const route of routes.functions) {
      const known = this.#functions.get(route.name)
      if (known?.route.id === route.id) {
        known.update(route)
        continue
      }
      if (known !== undefined) {
        known.close()
        if (!known.isIdle) this.#leaving.add(known)
      }
      const { config } = this
      this.#functions.set(route.name, new Dispatcher(route, { clock, config, open, onCold: () => this.#d.onCold?.() }))
    }
    this.#applyPipelines(routes)
    const { revision, functions, pipelines } = routes
    this.#d.log.debug({ revision, functions: functions.length, pipelines: pipelines.length }, 'routes changed')
  }

  /** What a name stands for. */
  find(name: string): Dispatcher | ServedPipeline | null {
    return this.#functions.get(name) ?? this.#pipelines.get(name) ?? null
  }

  /** Whether somebody answers for it now. */
  isReady(name: string): boolean {
    const found = this.find(name)
    if (found === null) return false
    if (found instanceof Dispatcher) return found.slots.length > 0
    return found.route.stages.every((stage) => (this.#functions.get(stage.function)?.slots.length ?? 0) > 0)
  }

  /** `leftMs`: as the client says; null: as long as the function may take. Returns how the request is taken back. */
  ask(name: string, body: InferBody, leftMs: number | null, listener: AskListener): () => void {
    const found = this.find(name)
    if (found === null) {
      listener.onFault(this.unknown(name))
      return () => {}
    }
    const allowedMs = Math.min(found.route.timeoutMs, this.config.timeoutMsMax, leftMs ?? Infinity)
    const deadlineMs = this.#d.clock.monotonicMs() + allowedMs
    if (found instanceof Dispatcher) return found.ask(body, deadlineMs, null, listener)
    return found.ask(body, deadlineMs, listener)
  }

  infer(functionName: string, request: InferBody, options: InferOptions): Promise<InferAnswer> {
    const { deadlineMs, signal, instanceId = null } = options
    return new Promise((resolve, reject) => {
      const dispatcher = this.#functions.get(functionName)
      if (dispatcher === undefined) return reject(this.unknown(functionName))
      if (signal.aborted) return reject(cancelled())
      const { protocol } = request
      let takeBack: (() => void) | null = null
      const onAbort = (): void => {
        takeBack?.()
        reject(cancelled())
      }
      signal.addEventListener('abort', onAbort, { once: true })
      const onEnd = (): void => signal.removeEventListener('abort', onAbort)
      takeBack = dispatcher.ask(request, deadlineMs, instanceId, {
        onAnswer: ({ bytes, jsonBytes, httpStatus, grpcStatus, text }, answeredBy) => {
          onEnd()
          if (httpStatus === 200 && grpcStatus === 0) resolve({ protocol, bytes, jsonBytes, instanceId: answeredBy })
          else if (protocol === 'http') reject(new GatewayFault('instance-refused', text, { httpStatus }))
          else reject(new GatewayFault('instance-refused', text, { grpcStatus }))
        },
        onFault: (fault) => {
          onEnd()
          reject(fault)
        },
      })
    })
  }

  view(functionName: string): ReturnType<Caller['view']> {
    return this.#functions.get(functionName)?.view() ?? null
  }

  unknown(name: string): GatewayFault {
    const known = [...this.#functions.keys(), ...this.#pipelines.keys()].sort()
    const some = known.slice(0, 10).join(', ')
    const told = known.length === 0 ? 'there is none here now' : `here are ${some}${known.length > 10 ? ', …' : ''}`
    return new GatewayFault(
      'unknown',
      `no function or pipeline has the name ${JSON.stringify(name.slice(0, 100))}; ${told}`,
    )
  }

  #applyPipelines({ pipelines }: Routes): void {
    const names = new Set(pipelines.map(({ name }) => name))
    for (const name of this.#pipelines.keys()) if (!names.has(name)) this.#pipelines.delete(name)
    const { clock, log, runPipeline } = this.#d
    for (const route of pipelines) {
      const known = this.#pipelines.get(route.name)
      if (known?.route.id === route.id) known.update(route)
      else {
        const { config, held } = this
        const dependencies = { clock, log, config, held, caller: this, runPipeline: runPipeline ?? null }
        this.#pipelines.set(route.name, new ServedPipeline(route, dependencies))
      }
    }
  }

  #sweepLater(): void {
    if (this.#isStopped) return
    this.#sweeping = this.#d.clock.after(this.config.sweepMs, () => {
      const nowMs = this.#d.clock.monotonicMs()
      for (const dispatcher of this.#functions.values()) dispatcher.sweep(nowMs)
      for (const dispatcher of this.#leaving) {
        dispatcher.sweep(nowMs)
        if (dispatcher.isIdle) this.#leaving.delete(dispatcher)
      }
      this.#sweepLater()
    })
  }

  /** At whole seconds of the clock, so that seconds of several gateways fall together. */
  #tickAtNextSecond(): void {
    if (this.#isStopped) return
    const { clock } = this.#d
    this.#ticking = clock.after(1_000 - (clock.now() % 1_000), () => {
      const atMs = Math.round(clock.now() / 1_000) * 1_000
      for (const dispatcher of this.#functions.values()) dispatcher.tick(atMs)
      for (const pipeline of this.#pipelines.values()) pipeline.tick(atMs)
      this.#tickAtNextSecond()
    })
  }
}

function cancelled(): GatewayFault {
  return new GatewayFault('cancelled', 'nobody waits for the answer any more')
}

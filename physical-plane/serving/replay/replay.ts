// Inference functions under load on virtual time: arrivals that wait for nobody, gateways that refuse what would come too late,
// instances that batch and share GPUs, and an autoscaling policy that decides once a second as it does in an agent. The same
// arrivals, surfaces and policy give the same outcome. Billing ends with `lengthMs`; what still waits then is answered.
import { assert } from '#runtime/assert.ts'
import type { Action, Autoscaler, Shape } from '../scaling/autoscaler.ts'
import { batchSize, capacityPerMs, allowedMilli, isTooLate, mayWait, timeOf } from './admission.ts'
import { EventHeap } from './event-heap.ts'
import { FunctionState, type ReplayedFunction } from './function-state.ts'
import { nextStep } from './generation.ts'
import { GpuRows, smOf, type GpuKind, type Row } from './gpu-rows.ts'
import { ReplayInstance } from './instance.ts'
import { outcomeOf, pipelineOutcomeOf, type Outcome, type Sight } from './outcome.ts'
import { PipelineState, type ReplayedPipeline } from './pipeline-state.ts'
import { checkShape, viewOf } from './scale.ts'
import { shareOut } from './share-out.ts'

export type ReplayOptions = {
  readonly functions: readonly ReplayedFunction[]
  /** Of those functions. */
  readonly pipelines?: readonly ReplayedPipeline[]
  readonly gpus: readonly GpuKind[]
  readonly autoscaler: Autoscaler
  readonly lengthMs: number
}

type Event =
  | { readonly kind: 'enter'; readonly pipeline: PipelineState }
  | { readonly kind: 'stage'; readonly pipeline: PipelineState; readonly request: number; readonly stage: number }
  | { readonly kind: 'ready'; readonly state: FunctionState }
  | {
      readonly kind: 'done'
      readonly state: FunctionState
      readonly instance: ReplayInstance
      readonly version: number
    }

const tickMs = 1_000

export function replay(options: ReplayOptions): Outcome {
  return new Replay(options).run()
}

class Replay {
  readonly #options: ReplayOptions
  readonly #gpus: GpuRows<ReplayInstance>
  readonly #events = new EventHeap<Event>()
  readonly #states: readonly FunctionState[]
  readonly #pipelines: readonly PipelineState[]
  readonly #ownerOf = new Map<ReplayInstance, FunctionState>()
  readonly #sights: Sight[][]
  #nowMs = 0
  #gpusUsed = 0
  #gpusMax = 0
  #gpusSinceMs = 0
  #wholeGpuSeconds = 0

  constructor(options: ReplayOptions) {
    this.#options = options
    this.#gpus = new GpuRows(options.gpus)
    this.#states = options.functions.map((spec) => new FunctionState(spec, options.autoscaler))
    this.#pipelines = (options.pipelines ?? []).map((spec) => new PipelineState(spec))
    this.#sights = this.#states.map(() => [])
  }

  run(): Outcome {
    for (const state of this.#states)
      for (let i = 0; i < Math.max(1, state.spec.instancesMin); i++) this.#add(state, state.spec.shape, null, 0)
    for (const pipeline of this.#pipelines) this.#expect(pipeline)
    let tickAtMs = tickMs
    const all = [...this.#states, ...this.#pipelines]
    while (tickAtMs <= this.#options.lengthMs || !all.every(({ isDone }) => isDone)) {
      const [arriving, arrivalAtMs] = this.#nextArrival()
      const eventAtMs = this.#events.nextAtMs
      // What ends makes room before what comes, and a second ends after all that is in it.
      if (eventAtMs <= arrivalAtMs && eventAtMs <= tickAtMs) {
        this.#nowMs = eventAtMs
        this.#happen(this.#events.pop()!)
      } else if (arriving !== null && arrivalAtMs <= tickAtMs) {
        this.#nowMs = arrivalAtMs
        this.#arrive(arriving, arriving.nextArrival++)
      } else {
        this.#nowMs = tickAtMs
        for (const [f, state] of this.#states.entries()) this.#tick(state, this.#sights[f]!)
        tickAtMs += tickMs
      }
    }
    for (const state of this.#states) for (const instance of state.instances.toReversed()) this.#leave(state, instance)
    this.#countGpus()
    return {
      functions: this.#states.map(outcomeOf),
      pipelines: this.#pipelines.map(pipelineOutcomeOf),
      sights: this.#sights,
      wholeGpuSeconds: this.#wholeGpuSeconds,
      gpusMax: this.#gpusMax,
    }
  }

  #nextArrival(): readonly [FunctionState | null, number] {
    let next: FunctionState | null = null
    let atMs = Number.POSITIVE_INFINITY
    for (const state of this.#states) {
      const its = state.spec.arrivalsMs[state.nextArrival] ?? Number.POSITIVE_INFINITY
      if (its < atMs) [next, atMs] = [state, its]
    }
    return [next, atMs]
  }

  /** Its next request, if there is one more. */
  #expect(pipeline: PipelineState): void {
    const atMs = pipeline.spec.arrivalsMs[pipeline.nextArrival]
    if (atMs !== undefined) this.#events.push(atMs, { kind: 'enter', pipeline })
  }

  #ask(pipeline: PipelineState, request: number, stage: number): void {
    const name = pipeline.spec.stages[stage]!.function
    const state = this.#states.find(({ spec }) => spec.name === name)
    assert(state !== undefined, `pipeline ${pipeline.spec.name} has a stage of ${name}, which there is not`)
    const onSettled = (isAnswered: boolean): void => {
      if (!isAnswered) return pipeline.refused(request)
      // Not within the answer of a whole batch: each of them comes after it.
      for (const next of pipeline.answered(request, stage, this.#nowMs))
        this.#events.push(this.#nowMs, { kind: 'stage', pipeline, request, stage: next })
    }
    this.#arrive(state, state.visit({ atMs: this.#nowMs, onSettled }))
  }

  #arrive(state: FunctionState, request: number): void {
    state.arrive()
    if (state.capacityPerMs === 0) state.coldAtMs = this.#nowMs
    if (mayWait(state)) {
      state.wait(request)
      this.#dispatch(state)
    } else state.refuse(request)
  }

  #happen(event: Event): void {
    if (event.kind === 'enter') {
      const { pipeline } = event
      const { request, stages } = pipeline.arrive()
      this.#expect(pipeline)
      for (const stage of stages) this.#ask(pipeline, request, stage)
    } else if (event.kind === 'stage') this.#ask(event.pipeline, event.request, event.stage)
    else if (event.kind === 'done') {
      const { state, instance, version } = event
      if (instance.version !== version || !instance.isBusy) return
      state.answer(instance.end(this.#nowMs).requests, this.#nowMs)
      const { row } = instance.seat
      if (!instance.isLeaving) this.#dispatch(state)
      if (!instance.isBusy && instance.held.length > 0) this.#begin(state, instance, [])
      if (!instance.isBusy && instance.isLeaving) this.#leave(state, instance)
      if (!instance.isBusy) this.#shareOut(row)
    } else {
      const { state } = event
      state.capacityPerMs = capacityPerMs(state, this.#nowMs)
      this.#dispatch(state)
    }
  }

  /** Idle instances take what waits, the fastest one first; ties go to the older one. */
  #dispatch(state: FunctionState): void {
    const { batchMax } = state.spec
    state.expire(this.#nowMs)
    while (state.queued > 0) {
      let best: ReplayInstance | null = null
      let bestMs = Number.POSITIVE_INFINITY
      for (const instance of state.instances) {
        if (instance.isBusy || !instance.isReady(this.#nowMs) || instance.held.length >= batchMax) continue
        const ms = timeOf(state.spec.truth, instance, 1, allowedMilli(instance))
        if (ms < bestMs) [best, bestMs] = [instance, ms]
      }
      if (best === null) return
      if (isTooLate(state, best, this.#nowMs)) state.giveUp()
      else this.#begin(state, best, state.take(batchSize(state, best, this.#nowMs)))
    }
  }

  #begin(state: FunctionState, instance: ReplayInstance, requests: readonly number[]): void {
    const { generation, truth } = state.spec
    const durationAt = (quotaMilli: number): number => timeOf(truth, instance, requests.length, quotaMilli)
    const batch = generation === undefined ? { requests, durationAt } : nextStep(generation, instance, requests)
    instance.begin(batch, this.#nowMs)
    this.#shareOut(instance.seat.row)
  }

  /** Quotas of all who work in that row, anew. */
  #shareOut(row: Row<ReplayInstance>): void {
    const busy = [...row.tenants.keys()].filter(({ isBusy }) => isBusy)
    const quotas = shareOut(busy.map(({ shape }) => shape))
    for (const [i, instance] of busy.entries()) {
      const doneAtMs = instance.work(Math.floor(quotas[i]! + 1e-6), this.#nowMs)
      if (doneAtMs === null) continue
      const state = this.#ownerOf.get(instance)
      assert(state !== undefined, 'who works belongs to a function')
      this.#events.push(doneAtMs, { kind: 'done', state, instance, version: instance.version })
    }
  }

  #tick(state: FunctionState, sights: Sight[]): void {
    const { autoscaler, lengthMs } = this.#options
    state.expire(this.#nowMs)
    const { arrived, queued } = state.endSecond(this.#nowMs)
    const { actions, memory } = autoscaler.decide(viewOf(state, this.#gpus.gpus, this.#nowMs), state.memory)
    state.memory = memory
    for (const action of actions) this.#act(state, action)
    state.capacityPerMs = capacityPerMs(state, this.#nowMs)
    this.#dispatch(state)
    if (this.#nowMs > lengthMs) return
    const ready = state.instances.filter((instance) => instance.isReady(this.#nowMs)).length
    const guaranteedMilli = state.instances.reduce(
      (sum, { shape }) => sum + (smOf(shape) * shape.requestMilli) / 1e3,
      0,
    )
    sights.push({ atMs: this.#nowMs, arrived, queued, ready, instances: state.instances.length, guaranteedMilli })
  }

  #act(state: FunctionState, action: Action): void {
    const staying = state.instances.filter(({ isLeaving }) => !isLeaving)
    const isDone = ((): boolean => {
      switch (action.kind) {
        case 'add':
          checkShape(action.shape, this.#options.autoscaler.name)
          if (staying.length >= state.spec.instancesMax) return false
          return this.#add(state, action.shape, action.deviceId, state.spec.coldStartMs)
        case 'remove': {
          const instance = staying.find(({ id }) => id === action.instanceId)
          if (instance === undefined || staying.length <= state.spec.instancesMin) return false
          this.#remove(state, instance)
          return true
        }
        case 'resize': {
          checkShape(action.shape, this.#options.autoscaler.name)
          const instance = staying.find(({ id }) => id === action.instanceId)
          // A process keeps the multiprocessors that it began with; only its time can change.
          if (instance === undefined || smOf(instance.shape) !== smOf(action.shape)) return false
          return this.#resize(state, instance, action.shape)
        }
      }
    })()
    if (!isDone) state.unplaced += 1
    else state.note(this.#nowMs, told(action), action.because)
  }

  #add(state: FunctionState, shape: Shape, deviceId: string | null, coldStartMs: number): boolean {
    const { spec } = state
    const gpu = this.#gpus.gpuFor(shape, spec.memoryBytes, deviceId)
    if (gpu === null) return false
    const id = `${spec.name}-${String(state.born).padStart(5, '0')}`
    const readyAtMs = this.#nowMs + coldStartMs
    const times = { bornAtMs: this.#nowMs, readyAtMs, billUntilMs: this.#options.lengthMs }
    const instance = new ReplayInstance(id, shape, times, (self) => this.#gpus.seat(self, gpu, shape, spec.memoryBytes))
    state.born += 1
    if (this.#nowMs > 0) state.coldStarts += 1
    state.instances.push(instance)
    this.#ownerOf.set(instance, state)
    this.#countGpus()
    this.#events.push(readyAtMs, { kind: 'ready', state })
    return true
  }

  #resize(state: FunctionState, instance: ReplayInstance, shape: Shape): boolean {
    const { row } = instance.seat
    const seat = this.#gpus.reshape(instance, instance.seat, shape)
    if (seat === null) return false
    instance.reshape(shape, seat, this.#nowMs)
    state.resized += 1
    this.#shareOut(row)
    if (seat.row !== row) this.#shareOut(seat.row)
    return true
  }

  /** What it works on is answered before it goes. */
  #remove(state: FunctionState, instance: ReplayInstance): void {
    instance.isLeaving = true
    if (!instance.isBusy) this.#leave(state, instance)
  }

  #leave(state: FunctionState, instance: ReplayInstance): void {
    const { gpuSeconds, guaranteedGpuSeconds } = instance.billed(this.#nowMs)
    state.gpuSeconds += gpuSeconds
    state.guaranteedGpuSeconds += guaranteedGpuSeconds
    state.usd += (gpuSeconds / 3_600) * instance.seat.gpu.kind.usdPerHour
    state.instances.splice(state.instances.indexOf(instance), 1)
    this.#ownerOf.delete(instance)
    this.#gpus.free(instance, instance.seat, state.spec.memoryBytes)
    this.#countGpus()
  }

  #countGpus(): void {
    const { lengthMs } = this.#options
    const billableMs = Math.min(this.#nowMs, lengthMs) - Math.min(this.#gpusSinceMs, lengthMs)
    this.#wholeGpuSeconds += (this.#gpusUsed * billableMs) / 1_000
    this.#gpusSinceMs = this.#nowMs
    this.#gpusUsed = this.#gpus.gpus.filter(({ rows }) => rows.length > 0).length
    this.#gpusMax = Math.max(this.#gpusMax, this.#gpusUsed)
  }
}

function told(action: Action): string {
  const text = ({ smMilli, requestMilli, limitMilli }: Shape): string => `${smMilli}/${requestMilli}..${limitMilli}`
  switch (action.kind) {
    case 'add':
      return `add ${text(action.shape)}`
    case 'remove':
      return `remove ${action.instanceId}`
    case 'resize':
      return `resize ${action.instanceId} to ${text(action.shape)}`
  }
}

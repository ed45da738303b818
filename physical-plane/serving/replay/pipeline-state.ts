// One pipeline in a replay: a request asks the functions of its stages, each once all that it comes after have answered, and is answered
// with its last stage. Where one of them refuses the whole of it is refused; what is under way elsewhere for it is finished all the same.
// Tensors take no time from stage to stage.
import { assert } from '#runtime/assert.ts'

export type ReplayedStage = {
  /** By name. */
  readonly function: string
  /** Stages by position: those that it waits for, and those that wait for it. */
  readonly before: readonly number[]
  readonly next: readonly number[]
}

export type ReplayedPipeline = {
  readonly name: string
  readonly stages: readonly ReplayedStage[]
  /** In ascending order. */
  readonly arrivalsMs: Float64Array
  /** From a request's arrival to the answer of its last stage. */
  readonly sloMs: number
}

type Open = { readonly answered: Set<number> }

const refused = -2

export class PipelineState {
  readonly spec: ReplayedPipeline
  /** Milliseconds of each request that was answered; below 0 for the others. */
  readonly latencies: Float64Array
  nextArrival = 0
  readonly #open = new Map<number, Open>()

  constructor(spec: ReplayedPipeline) {
    this.spec = spec
    this.latencies = new Float64Array(spec.arrivalsMs.length).fill(-1)
  }

  get isDone(): boolean {
    return this.nextArrival === this.spec.arrivalsMs.length && this.#open.size === 0
  }

  /** The next request, and the stages that it begins with. */
  arrive(): { readonly request: number; readonly stages: readonly number[] } {
    const request = this.nextArrival++
    this.#open.set(request, { answered: new Set() })
    const stages = this.spec.stages.flatMap(({ before }, stage) => (before.length === 0 ? [stage] : []))
    return { request, stages }
  }

  /** The stages that begin now. */
  answered(request: number, stage: number, nowMs: number): readonly number[] {
    const open = this.#open.get(request)
    // Refused elsewhere.
    if (open === undefined) return []
    assert(!open.answered.has(stage), `stage ${stage} of request ${request} of ${this.spec.name} is answered once`)
    open.answered.add(stage)
    const { stages, arrivalsMs } = this.spec
    if (open.answered.size < stages.length)
      return stages[stage]!.next.filter((one) => stages[one]!.before.every((before) => open.answered.has(before)))
    this.latencies[request] = nowMs - arrivalsMs[request]!
    this.#open.delete(request)
    return []
  }

  refused(request: number): void {
    if (this.#open.delete(request)) this.latencies[request] = refused
  }
}

// A partition's copy of the model: one flat float32 vector (parameters, then buffers), the optimiser's state beside it,
// and the step that PyTorch's optimiser of the same name would make. It neither knows who computed a gradient nor what
// happens to it afterwards.
import { assert } from '#runtime/assert.ts'
import { elementCount, parameterCount, type Layout, type ParameterGroup } from './layout.ts'
import type { VectorMemory } from './memory.ts'
import type { MomentumStep } from './kernels.ts'
import { segmentsOf, type Segment } from './segments.ts'

export type OptimiserState = { readonly name: string; readonly values: Float32Array }

export class Replica {
  readonly layout: Layout
  readonly elementCount: number
  readonly parameterCount: number
  /** Parameters, then buffers. Zeros until someone sets them. */
  readonly values: Float32Array
  /** Vectors of `parameterCount` elements that a checkpoint must hold beside `values`, in a fixed order. */
  readonly optimiserState: readonly OptimiserState[]
  /** Steps applied so far; a restored checkpoint sets it together with `optimiserState`. */
  optimiserSteps = 0
  readonly #memory: VectorMemory
  readonly #segments: readonly Segment[]

  private constructor(layout: Layout, memory: VectorMemory) {
    this.layout = layout
    this.elementCount = elementCount(layout)
    this.parameterCount = parameterCount(layout)
    this.#memory = memory
    this.values = memory.allocate(this.elementCount)
    this.optimiserState = stateNames(layout).map((name) => ({ name, values: memory.allocate(this.parameterCount) }))
    this.#segments = segmentsOf(layout)
  }

  static create(layout: Layout, memory: VectorMemory): Replica {
    return new Replica(layout, memory)
  }

  /**
   * One optimiser step. `gradient` has the length and order of `values` and must be finite; its buffer part is a change,
   * added × `bufferWeight`. `learningRates` has one entry per parameter group.
   */
  applyStep(gradient: Float32Array, learningRates: readonly number[], bufferWeight: number): void {
    const groups = this.layout.optimiser.groups
    assert(gradient.length === this.elementCount, `gradient has ${gradient.length} of ${this.elementCount} elements`)
    assert(learningRates.length === groups.length, `${learningRates.length} learning rates for ${groups.length} groups`)
    this.optimiserSteps += 1
    for (const { group, start, end } of this.#segments) {
      this.#move(start, end, gradient.subarray(start, end), groups[group]!, learningRates[group]!)
    }
    if (this.parameterCount === this.elementCount) return
    const buffers = this.values.subarray(this.parameterCount)
    this.#memory.kernels.addScaled(buffers, gradient.subarray(this.parameterCount), bufferWeight)
  }

  /** Gives its memory back; the replica must not be used afterwards. */
  dispose(): void {
    this.#memory.release(this.values)
    for (const { values } of this.optimiserState) this.#memory.release(values)
  }

  #move(start: number, end: number, gradient: Float32Array, group: ParameterGroup, learningRate: number): void {
    const { kernels } = this.#memory
    const parameters = this.values.subarray(start, end)
    const [first, second] = this.optimiserState.map(({ values }) => values.subarray(start, end))
    if (this.layout.optimiser.kind === 'adamw') {
      assert(first !== undefined && second !== undefined, 'adamw keeps two vectors')
      kernels.adamw(parameters, gradient, first, second, adamwStep(group, learningRate, this.optimiserSteps))
      return
    }
    const { weightDecay, momentum } = group
    if (momentum === 0) return kernels.sgd(parameters, gradient, { learningRate, weightDecay })
    assert(first !== undefined, 'momentum keeps a vector')
    const gradientWeight = this.optimiserSteps === 1 ? 1 : 1 - group.dampening
    const step: MomentumStep = { learningRate, weightDecay, momentum, gradientWeight }
    if (group.nesterov) kernels.nesterov(parameters, gradient, first, step)
    else kernels.momentum(parameters, gradient, first, step)
  }
}

function adamwStep(group: ParameterGroup, learningRate: number, steps: number) {
  const { beta1, beta2, epsilon, weightDecay } = group
  return {
    decay: 1 - learningRate * weightDecay,
    beta1,
    beta2,
    stepSize: learningRate / (1 - beta1 ** steps),
    varianceCorrection: Math.sqrt(1 - beta2 ** steps),
    epsilon,
  }
}

function stateNames(layout: Layout): readonly string[] {
  if (layout.optimiser.kind === 'adamw') return ['mean', 'variance']
  return layout.optimiser.groups.some(({ momentum }) => momentum > 0) ? ['momentum'] : []
}

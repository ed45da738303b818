// Asynchronous model averaging by push-sum gossip (Kempe, Dobra, Gehrke 2003). Each region holds a model and a mass; all
// H local steps it gives half of its mass, with its model, to one other region, and who receives takes the mass-weighted
// mean. The sum of mass × model over regions and messages under way never changes by an exchange, which one-sided mixing
// `w = (1-b) w + b w'` does not keep. Masses start as the data shares, so the conserved mean is weighted by data.
// Targets rotate in an order drawn from the job's seed. A region whose mass fell under 1/64 of its share gives nothing
// away until it receives, lest its own later steps count for nothing.
import type { CodecName } from '#proto/sync/settings.ts'
import { seededRandom } from '#runtime/random.ts'
import { expectUpdate } from './expected-update.ts'
import type { LocalStep, Receipt, StrategySnapshot, SyncContext, UpdateStrategy } from './update-strategy.ts'
import { draftOf, type Draft, type UpdateHeader } from './update.ts'
import { tellAll, type Telling } from './what/telling.ts'

const massFloor = 1 / 64

type State = { readonly mass: number; readonly round: number; readonly steps: number; readonly samples: number }

export class PushSum implements UpdateStrategy {
  readonly rateScale = 1
  readonly bufferWeight = 1
  readonly #context: SyncContext
  readonly #telling: Telling
  #mass: number
  #round = 0
  #steps = 0
  #samples = 0

  constructor(context: SyncContext) {
    this.#context = context
    this.#mass = context.dataShare
    // Models lose too much by a codec, and no residual brings it back.
    this.#telling = tellAll({ ...context.settings, codec: 'fp32' }, context.memory)
  }

  get finalMass(): number {
    return this.#mass
  }

  start(): void {}

  stepped({ samples }: LocalStep): void {
    this.#steps += 1
    this.#samples += samples
  }

  /** The last steps need no gossip: the last round takes every model with its mass. */
  isDue(isLast: boolean): boolean {
    if (isLast || this.#steps < this.#context.settings.interval) return false
    return this.#mass >= massFloor * this.#context.dataShare && this.#targets().length > 0
  }

  async prepare(): Promise<Draft> {
    const { replica } = this.#context
    const targets = rotated(this.#targets(), this.#context.seed, this.#round)
    const { encoded } = await this.#telling.encode(replica.values, replica.values, true)
    return {
      ...draftOf('mass', this.#round + 1),
      steps: this.#steps,
      samples: this.#samples,
      mass: this.#mass / 2,
      targetRegion: targets[0]!,
      encoded,
    }
  }

  sealed(): void {
    this.#round += 1
    this.#mass /= 2
    this.#steps = 0
    this.#samples = 0
  }

  expects(header: UpdateHeader): CodecName {
    return expectUpdate(header, { kind: 'mass', codecs: this.#telling.codecs, groups: 0 })
  }

  async decodes(header: UpdateHeader, bytes: Uint8Array, target: Float32Array): Promise<void> {
    await this.#telling.decode(bytes, this.expects(header), target)
  }

  /** A model counts with its mass, however old it is. */
  receive(header: UpdateHeader, values: Float32Array): Receipt {
    const { region, replica, memory } = this.#context
    if (header.targetRegion !== region) return { isApplied: false, stalenessSteps: 0 }
    const own = memory.allocate(replica.elementCount)
    memory.kernels.copy(own, replica.values)
    memory.kernels.weightedMean(replica.values, [
      { values: own, weight: this.#mass },
      { values, weight: header.mass },
    ])
    memory.release(own)
    this.#mass += header.mass
    return { isApplied: true, stalenessSteps: 0 }
  }

  /** A model is no sum: whoever takes it over takes it as it is. */
  takeUntoldFrom(): void {}

  /** The snapshot's model counts like one that came with nothing: this region keeps its mass and takes the model over. */
  rebase(parameters: Float32Array): void {
    this.#context.memory.kernels.copy(this.#context.replica.values, parameters)
  }

  save(): StrategySnapshot {
    const state: State = { mass: this.#mass, round: this.#round, steps: this.#steps, samples: this.#samples }
    return { state, vectors: {} }
  }

  restore({ state }: StrategySnapshot): void {
    const saved = state as State
    this.#mass = saved.mass
    this.#round = saved.round
    this.#steps = saved.steps
    this.#samples = saved.samples
  }

  #targets(): readonly string[] {
    return this.#context.members().filter((region) => region !== this.#context.region)
  }
}

/** The regions from the one whose turn it is; each turn of all of them has its own seeded order. */
function rotated(regions: readonly string[], seed: number, round: number): readonly string[] {
  const random = seededRandom(seed + Math.floor(round / regions.length))
  const order = [...regions]
  for (let at = order.length - 1; at > 0; at--) {
    const other = random.integer(at + 1)
    const moved = order[at]!
    order[at] = order[other]!
    order[other] = moved
  }
  const turn = round % regions.length
  return [...order.slice(turn), ...order.slice(0, turn)]
}

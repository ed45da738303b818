// Asynchronous model averaging by push-sum gossip (Kempe, Dobra, Gehrke 2003). Each region holds a model and a mass; all
// H local steps it gives half of its mass, with its model, to one other region, and who receives takes the mass-weighted
// mean. The sum of mass × model over regions and messages under way never changes by an exchange, which one-sided mixing
// `w = (1-b) w + b w'` does not keep. Masses start as the data shares, so the conserved mean is weighted by data.
// Targets rotate in an order drawn from the job's seed. A region whose mass fell under 1/64 of its share gives nothing
// away until it receives, lest its own later steps count for nothing.
import { assert } from '#runtime/assert.ts'
import { seededRandom } from '#runtime/random.ts'
import type { ClosedRound, LocalStep, StrategySnapshot, SyncContext, SyncStrategy } from './strategy.ts'
import { draftOf, type Draft, type Update } from './update.ts'

const massFloor = 1 / 64

type State = { readonly mass: number; readonly round: number; readonly steps: number; readonly samples: number }

export class PushSum implements SyncStrategy {
  readonly rateScale = 1
  readonly bufferWeight = 1
  readonly isBlocked = false
  readonly #context: SyncContext
  readonly #interval: number
  #mass: number
  #round = 0
  #steps = 0
  #samples = 0

  constructor(interval: number, context: SyncContext) {
    this.#context = context
    this.#interval = interval
    this.#mass = context.dataShare
  }

  get finalMass(): number {
    return this.#mass
  }

  start(): void {}

  stepped({ samples }: LocalStep): void {
    this.#steps += 1
    this.#samples += samples
  }

  /** The last steps need no gossip: the final average takes every model with its mass. */
  isDue(isLast: boolean): boolean {
    if (isLast || this.#steps < this.#interval) return false
    return this.#mass >= massFloor * this.#context.dataShare && this.#targets().length > 0
  }

  seal(): Draft {
    const targets = rotated(this.#targets(), this.#context.seed, this.#round)
    this.#round += 1
    this.#mass /= 2
    const draft = {
      ...draftOf('mass', this.#round),
      steps: this.#steps,
      samples: this.#samples,
      mass: this.#mass,
      targetRegion: targets[0]!,
      payload: this.#context.replica.values.slice(),
    }
    this.#steps = 0
    this.#samples = 0
    return draft
  }

  receive({ header, payload }: Update): boolean {
    assert(header.kind === 'mass', `a ${header.kind} update where models with a mass are exchanged`)
    const { region, replica, memory } = this.#context
    if (header.targetRegion !== region) return true
    const own = memory.allocate(replica.elementCount)
    own.set(replica.values)
    memory.kernels.weightedMean(replica.values, [
      { values: own, weight: this.#mass },
      { values: payload, weight: header.mass },
    ])
    memory.release(own)
    this.#mass += header.mass
    return true
  }

  closeRound(): ClosedRound | null {
    return null
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

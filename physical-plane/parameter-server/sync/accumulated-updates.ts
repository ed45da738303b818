// The family of ASGD: a region steps at its own pace and every `interval` local steps tells what it accumulated; a
// receiver adds that to its replica whenever it arrives. Nobody waits for anybody. After everything was delivered every
// replica holds the first values plus the sum of all regions' changes, whatever the order.
// Plain SGD sends gradient sums; an optimiser with state or weight decay sends the change of the parameters, because
// its step is more than `rate × gradient`. In mode "mean" each region steps with its rate × its data share.
// Buffers: every region's change counts with its data share, its own included, so the sum is independent of order.
import { assert } from '#runtime/assert.ts'
import type { Layout } from '../replica/layout.ts'
import type { Accumulator } from './accumulator.ts'
import { DelayCompensation } from './delay-compensation.ts'
import { GradientSum } from './gradient-sum.ts'
import { ParameterChange } from './parameter-change.ts'
import { segmentsOf, type Segment } from './segments.ts'
import type { ClosedRound, LocalStep, StrategySnapshot, SyncContext, SyncStrategy } from './strategy.ts'
import { draftOf, type Draft, type Update } from './update.ts'

export type AccumulatedOptions = {
  readonly interval: number
  readonly mode: 'sum' | 'mean'
  readonly delayCompensation: number
}

type State = { readonly steps: number; readonly samples: number; readonly round: number; readonly basis: Versions }
type Versions = Readonly<Record<string, number>>

export class AccumulatedUpdates implements SyncStrategy {
  readonly isBlocked = false
  readonly rateScale: number
  readonly bufferWeight: number
  readonly finalMass: number
  readonly #context: SyncContext
  readonly #interval: number
  readonly #accumulator: Accumulator
  readonly #compensation: DelayCompensation | null
  readonly #segments: readonly Segment[]
  #steps = 0
  #samples = 0
  #round = 0
  #basis: Versions = {}

  constructor(options: AccumulatedOptions, context: SyncContext) {
    const { replica, memory, dataShare } = context
    const isPlain = isPlainSgd(replica.layout)
    this.#context = context
    this.#interval = options.interval
    this.rateScale = options.mode === 'mean' ? dataShare : 1
    this.bufferWeight = dataShare
    this.finalMass = dataShare
    this.#accumulator = isPlain ? new GradientSum(context) : new ParameterChange(context)
    this.#segments = segmentsOf(replica.layout)
    // A parameter change carries no gradient to square.
    const isCompensated = isPlain && options.delayCompensation > 0
    this.#compensation = isCompensated ? new DelayCompensation(options.delayCompensation, replica, memory) : null
  }

  start(): void {
    this.#accumulator.start()
    this.#compensation?.start(this.#context.members().filter((region) => region !== this.#context.region))
    this.#basis = this.#context.versions()
  }

  stepped(step: LocalStep): void {
    if (this.#steps === 0) this.#basis = this.#context.versions()
    this.#accumulator.add(step)
    this.#steps += 1
    this.#samples += step.samples
  }

  isDue(isLast: boolean): boolean {
    return isLast ? this.#steps > 0 : this.#steps >= this.#interval
  }

  seal(): Draft {
    const { payload, learningRates } = this.#accumulator.take()
    this.#round += 1
    const draft = {
      ...draftOf(this.#accumulator.kind, this.#round),
      steps: this.#steps,
      samples: this.#samples,
      learningRates,
      basis: this.#basis,
      payload,
    }
    this.#steps = 0
    this.#samples = 0
    return draft
  }

  receive(update: Update): boolean {
    const { header, payload } = update
    const { replica, memory } = this.#context
    assert(
      header.kind === this.#accumulator.kind,
      `a ${header.kind} update where ${this.#accumulator.kind} is exchanged`,
    )
    if (header.kind === 'delta') {
      memory.kernels.addScaled(replica.values, payload, 1)
      this.#accumulator.peerApplied(payload)
      return true
    }
    if (this.#compensation === null) this.#descend(update)
    else this.#compensation.apply(update, this.#segments)
    const buffers = replica.values.subarray(replica.parameterCount)
    if (buffers.length > 0) memory.kernels.addScaled(buffers, payload.subarray(replica.parameterCount), 1)
    this.#compensation?.applied(header.region)
    return true
  }

  closeRound(): ClosedRound | null {
    return null
  }

  save(): StrategySnapshot {
    const accumulator = this.#accumulator.save()
    const compensation = this.#compensation?.save()
    const state: State = { steps: this.#steps, samples: this.#samples, round: this.#round, basis: this.#basis }
    return {
      state: { ...state, accumulator: accumulator.state },
      vectors: { ...prefixed('accumulator/', accumulator.vectors), ...prefixed('basis/', compensation?.vectors ?? {}) },
    }
  }

  restore({ state, vectors }: StrategySnapshot): void {
    const saved = state as State & { readonly accumulator: unknown }
    this.#steps = saved.steps
    this.#samples = saved.samples
    this.#round = saved.round
    this.#basis = saved.basis
    this.#accumulator.restore({ state: saved.accumulator, vectors: unprefixed('accumulator/', vectors) })
    this.#compensation?.restore({ state: null, vectors: unprefixed('basis/', vectors) })
  }

  #descend({ header, payload }: Update): void {
    const { replica, memory } = this.#context
    for (const { group, start, end } of this.#segments) {
      const rate = header.learningRates[group]
      assert(rate !== undefined, `update ${header.seq} of ${header.region} has no learning rate for group ${group}`)
      memory.kernels.addScaled(replica.values.subarray(start, end), payload.subarray(start, end), -rate)
    }
  }
}

function isPlainSgd({ optimiser }: Layout): boolean {
  return (
    optimiser.kind === 'sgd' &&
    optimiser.groups.every(({ momentum, weightDecay }) => momentum === 0 && weightDecay === 0)
  )
}

type Vectors = Readonly<Record<string, Float32Array>>

function prefixed(prefix: string, vectors: Vectors): Vectors {
  return Object.fromEntries(Object.entries(vectors).map(([name, values]) => [prefix + name, values]))
}

function unprefixed(prefix: string, vectors: Vectors): Vectors {
  const named = Object.entries(vectors).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(named.map(([name, values]) => [name.slice(prefix.length), values]))
}

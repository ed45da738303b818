// The family of ASGD: a region steps at its own pace and every `interval` local steps tells what it accumulated; a
// receiver adds that to its replica whenever it arrives. Nobody waits for anybody. After everything was delivered every
// replica holds the first values plus the sum of all regions' changes, whatever the order and whatever encodings left out:
// what a region tells last is exact.
// Plain SGD sends gradient sums; an optimiser with state or weight decay sends the change of the parameters, because
// its step is more than `rate × gradient`. In mode "mean" each region steps with its rate × its data share.
// Buffers: every region's change counts with its data share, its own included, so the sum is independent of order.
import type { CodecName } from '#proto/sync/settings.ts'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Layout } from '../replica/layout.ts'
import { segmentsOf, type Segment } from '../replica/segments.ts'
import { DelayCompensation } from './apply/delay-compensation.ts'
import { StalenessClock } from './apply/staleness-clock.ts'
import { stalenessFactor } from './apply/staleness.ts'
import { nonFiniteTensor } from './codec/non-finite.ts'
import { expectUpdate } from './expected-update.ts'
import type { Telling } from './what/telling.ts'
import type { Accumulator } from './what/accumulator.ts'
import { GradientSum } from './what/gradient-sum.ts'
import { ParameterChange } from './what/parameter-change.ts'
import type { LocalStep, Receipt, StrategySnapshot, SyncContext, UpdateStrategy } from './update-strategy.ts'
import { draftOf, type Draft, type UpdateHeader } from './update.ts'

type Versions = Readonly<Record<string, number>>
type State = {
  readonly steps: number
  readonly samples: number
  readonly round: number
  readonly hasRest: boolean
  readonly basis: Versions
  readonly clock: unknown
  readonly accumulator: unknown
}
type Prepared = { readonly told: Float32Array; readonly isAll: boolean }

export class AccumulatedUpdates implements UpdateStrategy {
  readonly rateScale: number
  readonly bufferWeight: number
  readonly finalMass: number
  readonly #context: SyncContext
  readonly #telling: Telling
  readonly #accumulator: Accumulator
  readonly #compensation: DelayCompensation | null
  readonly #clock = new StalenessClock()
  readonly #segments: readonly Segment[]
  #steps = 0
  #samples = 0
  #round = 0
  /** An encoding left something out of what was told last. */
  #hasRest = false
  #basis: Versions = {}
  #prepared: Prepared | null = null

  constructor(context: SyncContext, tellingOf: (exchanges: () => number) => Telling) {
    const { replica, memory, dataShare, settings } = context
    const telling = tellingOf(() => this.#round)
    const isPlain = isPlainSgd(replica.layout) && telling.takesGradients
    this.#context = context
    this.#telling = telling
    this.rateScale = settings.mode === 'mean' ? dataShare : 1
    this.bufferWeight = dataShare
    this.finalMass = dataShare
    this.#accumulator = isPlain ? new GradientSum(context) : new ParameterChange(context)
    this.#segments = segmentsOf(replica.layout)
    // A parameter change carries no gradient to square.
    const isCompensated = isPlain && settings.delayCompensation > 0
    this.#compensation = isCompensated ? new DelayCompensation(settings.delayCompensation, replica, memory) : null
  }

  start(): void {
    this.#accumulator.start()
    this.#resetBases()
    this.#basis = this.#context.versions()
  }

  stepped(step: LocalStep): void {
    if (this.#steps === 0) this.#basis = this.#context.versions()
    this.#accumulator.add(step)
    this.#clock.stepped()
    this.#steps += 1
    this.#samples += step.samples
  }

  isDue(isLast: boolean): boolean {
    return isLast ? this.#steps > 0 || this.#hasRest : this.#steps >= this.#context.settings.interval
  }

  async prepare(isLast: boolean): Promise<Draft> {
    const { memory, replica } = this.#context
    const { values, learningRates } = this.#accumulator.untold()
    if (!(await memory.kernels.allFinite(values))) {
      const tensor = nonFiniteTensor(values, replica.layout)
      memory.release(values)
      throw new CloudlessError('conflict', 'DIVERGED', `what is to be told of tensor ${tensor} holds NaN or infinity`)
    }
    const { encoded, told, isAll, error } = await this.#telling.encode(values, replica.values, isLast)
    if (told !== values) memory.release(values)
    this.#prepared = { told, isAll }
    return {
      ...draftOf(this.#telling.kindOf(this.#accumulator.kind), this.#round + 1),
      steps: this.#steps,
      samples: this.#samples,
      learningRates,
      basis: this.#basis,
      encoded,
      codecError: error,
    }
  }

  sealed(seq: number): void {
    assert(this.#prepared !== null, 'nothing was prepared')
    const { told, isAll } = this.#prepared
    this.#accumulator.told(told, isAll)
    this.#context.memory.release(told)
    this.#prepared = null
    this.#hasRest = !isAll
    this.#clock.sealed(seq)
    this.#round += 1
    this.#steps = 0
    this.#samples = 0
  }

  expects(header: UpdateHeader): CodecName {
    const kind = this.#telling.kindOf(this.#accumulator.kind)
    const groups = this.#context.replica.layout.optimiser.groups.length
    return expectUpdate(header, { kind, codecs: this.#telling.codecs, groups })
  }

  async decodes(header: UpdateHeader, bytes: Uint8Array, target: Float32Array): Promise<void> {
    await this.#telling.decode(bytes, this.expects(header), target)
  }

  receive(header: UpdateHeader, values: Float32Array): Receipt {
    const { replica, memory, settings, region } = this.#context
    const stalenessSteps = this.#clock.stepsSince(header.basis[region] ?? 0)
    const weight = stalenessFactor(stalenessSteps, settings)
    if (weight === null) {
      this.#compensation?.took(header.region)
      this.#context.dropped(header.region, stalenessSteps)
      return { isApplied: false, stalenessSteps }
    }
    if (this.#accumulator.kind === 'delta') {
      if (weight !== 1) memory.kernels.scale(values, weight)
      memory.kernels.addScaled(replica.values, values, 1)
      this.#accumulator.peerApplied(values)
      return { isApplied: true, stalenessSteps }
    }
    if (this.#compensation === null) this.#descend(header, values, weight, replica.values)
    else this.#compensation.apply(header, values, weight, this.#segments)
    this.#moveBuffers(values, weight, replica.values)
    this.#compensation?.took(header.region)
    return { isApplied: true, stalenessSteps }
  }

  takeUntoldFrom(parameters: Float32Array): void {
    this.#accumulator.takeUntoldFrom(parameters)
  }

  rebase(
    parameters: Float32Array,
    untold: readonly { readonly header: UpdateHeader; readonly values: Float32Array }[],
  ): void {
    const { memory, replica } = this.#context
    const target = memory.allocate(parameters.length)
    memory.kernels.copy(target, parameters)
    for (const { header, values } of untold) {
      if (this.#accumulator.kind === 'delta') memory.kernels.addScaled(target, values, 1)
      else {
        this.#descend(header, values, 1, target)
        this.#moveBuffers(values, 1, target)
      }
    }
    this.#accumulator.addUntoldTo(target)
    memory.kernels.copy(replica.values, target)
    memory.release(target)
    this.#resetBases()
  }

  save(): StrategySnapshot {
    const accumulator = this.#accumulator.save()
    const compensation = this.#compensation?.save()
    const state: State = {
      steps: this.#steps,
      samples: this.#samples,
      round: this.#round,
      hasRest: this.#hasRest,
      basis: this.#basis,
      clock: this.#clock.save(),
      accumulator: accumulator.state,
    }
    return {
      state,
      vectors: { ...prefixed('accumulator/', accumulator.vectors), ...prefixed('basis/', compensation?.vectors ?? {}) },
    }
  }

  restore({ state, vectors }: StrategySnapshot): void {
    const saved = state as State
    this.#steps = saved.steps
    this.#samples = saved.samples
    this.#round = saved.round
    this.#hasRest = saved.hasRest
    this.#basis = saved.basis
    this.#clock.restore(saved.clock)
    this.#accumulator.restore({ state: saved.accumulator, vectors: unprefixed('accumulator/', vectors) })
    this.#compensation?.restore({ state: null, vectors: unprefixed('basis/', vectors) })
  }

  #resetBases(): void {
    this.#compensation?.start(this.#context.members().filter((region) => region !== this.#context.region))
  }

  #descend(header: UpdateHeader, sum: Float32Array, weight: number, parameters: Float32Array): void {
    const { kernels } = this.#context.memory
    for (const { group, start, end } of this.#segments) {
      const rate = header.learningRates[group] ?? 0
      kernels.addScaled(parameters.subarray(start, end), sum.subarray(start, end), -rate * weight)
    }
  }

  #moveBuffers(sum: Float32Array, weight: number, parameters: Float32Array): void {
    const { replica, memory } = this.#context
    if (replica.parameterCount === replica.elementCount) return
    memory.kernels.addScaled(parameters.subarray(replica.parameterCount), sum.subarray(replica.parameterCount), weight)
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

// The workers of one partition: who has which samples, whose step counts, who evaluates. A step and the record of the
// samples behind it change the state together, without a wait in between, so every checkpoint holds both or neither.
import type { Clock } from '#runtime/clock.ts'
import { invalid, type CloudlessError } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { ChangeSignal } from './change-signal.ts'
import type { Evaluations } from './evaluations.ts'
import type { LeaseTable } from './leases.ts'
import type { PartitionProgress } from './partition-options.ts'
import type { PartitionState } from './partition-state.ts'
import type { VectorMemory } from './replica/memory.ts'
import type { Replica } from './replica/replica.ts'
import { idlePatience } from './config.ts'
import { Roster, type RosterEntry } from './roster.ts'
import { averageSteps, StepBarrier } from './step-barrier.ts'
import type { JoiningWorker, LeaseAnswer, Step, StepOutcome } from './worker-side.ts'

export type Phase = 'starting' | 'training' | 'draining' | 'evaluating' | 'finished' | 'failed'

export type AppliedStep = {
  readonly gradient: Float32Array
  readonly learningRates: readonly number[]
  readonly loss: number
  readonly samples: number
}

/** What the group needs of the partition around it. */
export interface TrainingHost {
  readonly region: string
  readonly phase: Phase
  /** Finished, and durably so: no crash brings training back. */
  readonly hasEnded: boolean
  readonly failure: CloudlessError | null
  readonly replica: Replica | null
  readonly version: number
  /** No lease is given out and no step taken any more. */
  readonly isOver: boolean
  /** A round is being closed: steps wait. */
  readonly isBlocked: boolean
  readonly changed: ChangeSignal
  apply(step: AppliedStep): void
  evaluated(epoch: number, metrics: Readonly<Record<string, number>>, isFinal: boolean): void
  /** Does whatever the new state asks for and wakes everybody. */
  advance(): void
}

export type WorkersProgress = Pick<
  PartitionProgress,
  | 'epoch'
  | 'samplesDone'
  | 'samplesTotal'
  | 'workers'
  | 'workerSpeeds'
  | 'leasesReturned'
  | 'stalledWorkers'
  | 'joinedWorkers'
  | 'workerUses'
>

export type WorkerGroupOptions = {
  readonly workerMode: 'asynchronous' | 'synchronous'
  readonly hasHoldout: boolean
  readonly epochs: number
}

export class WorkerGroup {
  readonly evaluations: Evaluations
  #leases: LeaseTable
  #leasesReturned: number
  readonly #host: TrainingHost
  readonly #options: WorkerGroupOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #memory: VectorMemory
  readonly #roster: Roster
  readonly #barrier = new StepBarrier()
  #average: Float32Array | null = null

  constructor(
    host: TrainingHost,
    options: WorkerGroupOptions,
    state: { readonly leases: LeaseTable; readonly evaluations: Evaluations; readonly leasesReturned: number },
    links: { readonly clock: Clock; readonly log: Log; readonly memory: VectorMemory },
  ) {
    this.#host = host
    this.#options = options
    this.#leases = state.leases
    this.#leasesReturned = state.leasesReturned
    this.evaluations = state.evaluations
    this.#clock = links.clock
    this.#log = links.log
    this.#memory = links.memory
    this.#roster = new Roster(options.hasHoldout)
  }

  get count(): number {
    return this.#roster.count
  }

  get leases(): LeaseTable {
    return this.#leases
  }

  /** Goes on where another region saw this one last, because it lost its own memory of it. */
  resume(leases: LeaseTable): void {
    this.#leases = leases
  }

  progress(): WorkersProgress {
    const { epoch, samplesDone, samplesTotal } = this.leases
    return {
      epoch,
      samplesDone,
      samplesTotal,
      workers: this.count,
      leasesReturned: this.#leasesReturned,
      stalledWorkers: this.#stalled(),
      joinedWorkers: [...new Set(this.#roster.entries.map(({ instanceId }) => instanceId))].sort(),
      workerUses: this.#roster.uses(this.#clock.monotonicMs()),
      workerSpeeds: this.#roster.speeds(),
    }
  }

  /** What a checkpoint keeps of the workers' part. */
  save(): Pick<PartitionState, 'leases' | 'leasesReturned' | 'evaluations'> {
    const evaluations = this.evaluations.snapshot()
    return { leases: this.leases.snapshot(), leasesReturned: this.#leasesReturned, evaluations }
  }

  /** Whether the worker evaluates. */
  join({ workerId, instanceId, attempt }: JoiningWorker): boolean {
    this.#roster.add(workerId, instanceId)
    this.leases.touch(workerId, this.#clock.monotonicMs())
    this.#log.info({ workerId, instanceId, attempt }, 'worker joined')
    return this.#roster.evaluator === workerId
  }

  async lease(workerId: string, signal: AbortSignal): Promise<LeaseAnswer> {
    for (;;) {
      signal.throwIfAborted()
      const worker = this.#roster.get(workerId)
      const answer = this.#leaseNow(worker)
      if (answer !== null) return answer
      worker.waits += 1
      this.#roster.pause(worker, this.#clock.monotonicMs())
      // Listen before the others go on without this worker, or what they change could be missed.
      const change = this.#host.changed.wait(signal)
      this.release()
      await change.finally(() => {
        worker.waits -= 1
        this.#roster.resume(worker, this.#clock.monotonicMs())
      })
    }
  }

  step(step: Step): StepOutcome | Promise<StepOutcome> {
    const problem = this.#problemOf(step)
    if (problem !== null) return problem
    if (this.#options.workerMode === 'synchronous') {
      const outcome = this.#barrier.arrive(step)
      this.release()
      return this.#paused(step.workerId, outcome)
    }
    if (this.#host.isBlocked) return this.#stepLater(step)
    this.#applyAlone(step)
    return this.#host.isBlocked ? this.#waiting(step.workerId, () => this.#answerWhenOpen()) : this.#done()
  }

  evaluation(workerId: string, epoch: number, metrics: Readonly<Record<string, number>>, isFinal: boolean): void {
    const worker = this.#roster.get(workerId)
    const wrong = Object.entries(metrics).filter(([, value]) => !Number.isFinite(value))
    if (wrong.length > 0) {
      const description = 'is not a finite number; return finite metrics from the evaluation'
      throw invalid(
        wrong.map(([name, value]) => ({ field: `metrics.${name}`, description: `${value} ${description}` })),
      )
    }
    worker.isEvaluating = false
    this.leases.touch(workerId, this.#clock.monotonicMs())
    this.#host.evaluated(epoch, metrics, isFinal)
    if (isFinal && this.#host.phase === 'evaluating') this.evaluations.finishFinal()
    this.#host.advance()
  }

  leave(workerId: string, reason: string): void {
    if (!this.#roster.remove(workerId)) return
    const returned = this.leases.release(workerId)
    this.#leasesReturned += returned
    this.evaluations.release(workerId)
    this.#barrier.withdraw(workerId, this.#lost(`worker ${workerId} left`))
    this.#log.info({ workerId, reason, leasesReturned: returned }, 'worker left')
    this.#host.advance()
  }

  /** Lets the synchronous group go when nobody is missing. */
  release(): void {
    if (this.#barrier.isEmpty) return
    if (this.#host.phase !== 'training' || this.#host.isOver) {
      for (const { answer } of this.#barrier.take()) answer(this.#lost('training is over in this region'))
      return
    }
    const isExpected = (worker: RosterEntry): boolean =>
      worker.hasTrained && worker.waits === 0 && !worker.isEvaluating && !this.#barrier.has(worker.workerId)
    if (this.#host.isBlocked || this.#roster.entries.some(isExpected)) return
    const group = this.#barrier.take()
    const isUsed = ({ step }: (typeof group)[number]): boolean =>
      this.leases.use(step.leaseId, step.workerId, step.leaseUsed, this.#clock.monotonicMs())
    const used = group.filter(isUsed)
    for (const { answer, step } of group) {
      if (!used.some((other) => other.step === step)) answer(this.#lost(`lease ${step.leaseId} was lost`))
    }
    if (used.length === 0) return
    for (const { step } of used) if (this.#roster.has(step.workerId)) this.#stepped(step)
    const [only] = used
    if (used.length === 1 && only !== undefined) this.#host.apply(only.step)
    else this.#applyAverage(used.map(({ step }) => step))
    void this.#answerWhenOpen().then((outcome) => used.forEach(({ answer }) => answer(outcome)))
  }

  /** Instances of workers that hold samples and are silent for the stall time-out, or silent for several whatever they do. */
  #stalled(): readonly string[] {
    const nowMs = this.#clock.monotonicMs()
    for (const { workerId, waits } of this.#roster.entries) {
      if (waits > 0 || this.#barrier.has(workerId)) this.leases.touch(workerId, nowMs)
    }
    const silent = this.leases.expired(nowMs)
    const idleSinceMs = nowMs - idlePatience * this.leases.stallTimeoutMs
    const isStalled = ({ workerId }: RosterEntry): boolean =>
      silent.includes(workerId) || (this.leases.lastSeenMs(workerId) ?? nowMs) <= idleSinceMs
    return this.#roster.entries.filter(isStalled).map(({ instanceId }) => instanceId)
  }

  #leaseNow(worker: RosterEntry): LeaseAnswer | null {
    const { workerId } = worker
    if (this.#host.failure !== null) throw this.#host.failure
    worker.isEvaluating = false
    this.leases.touch(workerId, this.#clock.monotonicMs())
    if (this.#host.hasEnded) return { outcome: 'finished' }
    if (this.#host.phase === 'finished') return null
    const isEvaluator = this.#roster.evaluator === workerId
    if (this.#host.phase === 'evaluating') return isEvaluator ? this.#finalEvaluation(worker) : null
    if (this.#host.phase !== 'training' || this.#host.isOver) return null
    if (isEvaluator && this.evaluations.takeBoundary(this.leases.epochsDone, this.#options.epochs)) {
      worker.isEvaluating = true
      return { outcome: 'evaluate', isFinal: false }
    }
    // Its first parameters are to be those that the round ends with.
    if (this.#host.isBlocked) return null
    const lease = this.leases.grant(workerId, this.#clock.monotonicMs())
    if (lease === 'wait' || lease === 'none-left') return null
    worker.hasTrained = true
    return { outcome: 'granted', ...lease }
  }

  #finalEvaluation(worker: RosterEntry): LeaseAnswer | null {
    if (this.evaluations.isFinalDone) return null
    if (this.evaluations.takeFinal(worker.workerId) === 'evaluate') {
      worker.isEvaluating = true
      return { outcome: 'evaluate', isFinal: true }
    }
    this.#log.warn({ workerId: worker.workerId }, 'the function gave no evaluation of the final model')
    this.evaluations.finishFinal()
    this.#host.advance()
    return null
  }

  #problemOf(step: Step): StepOutcome | null {
    const { workerId, leaseId, leaseUsed } = step
    const { replica, region } = this.#host
    if (this.#host.phase !== 'training' || this.#host.isOver) return this.#lost('training is over in this region')
    if (!this.#roster.has(workerId)) return this.#lost(`worker ${workerId} is not a member of this partition`)
    if (!this.leases.canUse(leaseId, workerId, leaseUsed)) return this.#lost(`lease ${leaseId} is not this worker's`)
    const text = wrongWith(step, replica!.elementCount, replica!.layout.optimiser.groups.length)
    if (text === null) return null
    const { instanceId } = this.#roster.get(workerId)
    return this.#outcome('refused', `${text} in region ${region}, worker ${instanceId}; nothing was changed`)
  }

  async #stepLater(step: Step): Promise<StepOutcome> {
    return this.#waiting(step.workerId, async () => {
      while (this.#host.isBlocked && this.#host.phase === 'training') await this.#host.changed.wait()
      const problem = this.#problemOf(step)
      if (problem !== null) return problem
      this.#applyAlone(step)
      return this.#answerWhenOpen()
    })
  }

  /** The worker goes on from the parameters that the round ends with. */
  async #answerWhenOpen(): Promise<StepOutcome> {
    while (this.#host.isBlocked && this.#host.phase === 'training') await this.#host.changed.wait()
    return this.#done()
  }

  async #waiting<T>(workerId: string, work: () => Promise<T>): Promise<T> {
    const worker = this.#roster.get(workerId)
    worker.waits += 1
    try {
      return await this.#paused(workerId, work())
    } finally {
      worker.waits -= 1
      if (this.#roster.has(workerId)) this.leases.touch(workerId, this.#clock.monotonicMs())
    }
  }

  async #paused<T>(workerId: string, work: Promise<T>): Promise<T> {
    const worker = this.#roster.get(workerId)
    this.#roster.pause(worker, this.#clock.monotonicMs())
    try {
      return await work
    } finally {
      this.#roster.resume(worker, this.#clock.monotonicMs())
    }
  }

  #applyAlone(step: Step): void {
    this.#stepped(step)
    this.leases.use(step.leaseId, step.workerId, step.leaseUsed, this.#clock.monotonicMs())
    this.#host.apply(step)
  }

  #stepped({ workerId, samples }: Step): void {
    this.#roster.stepped(this.#roster.get(workerId), samples, this.#clock.monotonicMs())
  }

  #applyAverage(steps: readonly Step[]): void {
    this.#average ??= this.#memory.allocate(this.#host.replica!.elementCount)
    this.#host.apply(averageSteps(steps, this.#average, this.#memory.kernels))
  }

  #done(): StepOutcome {
    return this.#outcome('done', '')
  }

  #lost(text: string): StepOutcome {
    return this.#outcome('lease-lost', text)
  }

  #outcome(status: StepOutcome['status'], text: string): StepOutcome {
    const isOver = this.#host.phase !== 'training' || this.#host.isOver
    return { status, text, version: this.#host.version, isOver }
  }
}

/** That the gradient is finite is the caller's promise: it looks while the numbers are in the cache anyway. */
function wrongWith(step: Step, elements: number, groups: number): string | null {
  const { samples, loss, learningRates, gradient } = step
  if (!Number.isSafeInteger(samples) || samples < 1) return `samples is ${samples}; a step must have 1 or more`
  if (!Number.isFinite(loss)) return `loss is ${loss}; check the data or lower the learning rate`
  if (learningRates.length !== groups)
    return `${learningRates.length} learning rates came for ${groups} parameter groups`
  if (learningRates.some((rate) => !Number.isFinite(rate)))
    return `a learning rate is not finite: ${learningRates.join(', ')}`
  if (gradient.length !== elements) return `the gradient has ${gradient.length} of ${elements} elements`
  return null
}

// The life of one instance: wait for its slice, launch, watch, and after an exit complete, start again or give up. One
// loop per instance, so at most one run is alive by construction: the next launch stands below `await run.exited`. Every
// launch and every end is durable in the journal before anything follows from it, so a restarted agent goes on here.
import { z } from 'zod'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import type { Exit, RecoveredRun, Run, Slice } from '#physical-plane/runtime/runtime.ts'
import { backOffMs, type AgentConfig } from './config.ts'
import type { DesiredInstance } from './desired.ts'
import { askOf, type GpuShares } from './gpu-shares.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { joinEntries } from './meter.ts'
import type { Meters } from './meters.ts'
import type { InstanceRuntime } from './orders.ts'
import { afterExit, describeExit, lastLines } from './restart-policy.ts'
import { describeAsk, isOfShare, shareWords } from './share-words.ts'
import type { SliceTable } from './slices.ts'

export type LifeState = 'starting' | 'running' | 'backing-off' | 'stopping' | 'completed' | 'failed' | 'stopped'

export type LifeDependencies = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly journal: Journal
  readonly meters: Meters
  readonly slices: SliceTable
  /** Tells the managers of shared GPUs whose processes come and go. */
  readonly shares: GpuShares
  readonly runtime: InstanceRuntime
  readonly config: AgentConfig
  /** State or reason changed. */
  readonly onChange: () => void
  /** Before an instance of a function is stopped: resolves once no request is with it, or it takes too long. */
  readonly letGo?: (instanceId: string) => Promise<void>
  /** Why a run that ended with code 0 is not complete all the same; '' when it is, and when the signal is aborted. */
  readonly incompleteBecause: (instanceId: string, signal: AbortSignal) => Promise<string>
}

const markSchema = z.object({
  attempt: z.number().int(),
  failures: z.number().int(),
  outcome: z.enum(['open', 'completed', 'failed', 'stopped']),
  reason: z.string(),
  /** The attempt's end is journaled. */
  isEnded: z.boolean(),
  /** Of its job, when this was written. */
  resumption: z.number().int().default(0),
})
type Mark = z.infer<typeof markSchema>

const unborn: Mark = { attempt: 0, failures: 0, outcome: 'open', reason: '', isEnded: true, resumption: 0 }

export function lifeMarkOf(instanceId: string): string {
  return `instance/${instanceId}`
}

export class InstanceLife {
  readonly id: string
  readonly jobId: string
  readonly #d: LifeDependencies
  readonly #log: Log
  readonly #unwanted = new AbortController()
  readonly #done: Promise<void>
  #instance: DesiredInstance
  #mark: Mark
  #state: LifeState = 'starting'
  #reason = ''
  #run: Run | null = null
  #startedAtMs = 0
  /** Of the present run, with the shares that it has now. */
  #slices: readonly Slice[] = []
  /** Set before a run is killed on purpose and started again. */
  #fault = ''
  #isDetached = false

  constructor(dependencies: LifeDependencies, instance: DesiredInstance, recovered: RecoveredRun | null) {
    this.#d = dependencies
    this.#instance = instance
    this.id = instance.id
    this.jobId = instance.jobId
    this.#log = dependencies.log.child({ instanceId: instance.id })
    const mark = markSchema.safeParse(dependencies.journal.marks.get(lifeMarkOf(instance.id)))
    // A run on disk that the journal does not know: its numbers are not used again.
    const known = resumed(mark.data ?? unborn, instance.resumption)
    this.#mark =
      recovered !== null && recovered.attempt > known.attempt
        ? { ...known, attempt: recovered.attempt, isEnded: false }
        : known
    this.#done = this.#live(recovered)
  }

  get instance(): DesiredInstance {
    return this.#instance
  }
  get state(): LifeState {
    return this.#state
  }
  get reason(): string {
    return this.#reason
  }
  get attempt(): number {
    return this.#mark.attempt
  }
  get run(): Run | null {
    return this.#run
  }
  /** When the present run began; 0 without one. */
  get startedAtMs(): number {
    return this.#run === null ? 0 : this.#startedAtMs
  }

  /** The same instance with other wishes, for example to drain. */
  update(instance: DesiredInstance): void {
    this.#instance = instance
    this.#mark = { ...this.#mark, resumption: instance.resumption }
    this.reshape()
  }

  /** A run goes on with another share, once that fits beside the others of its GPU; until then with the one that it has. */
  reshape(): void {
    const { slices, shares, meters } = this.#d
    const [run, ask, held] = [this.#run, askOf(this.#instance), this.#slices]
    if (run === null || ask === null || this.#unwanted.signal.aborted) return
    if (held.every((slice) => isOfShare(slice, ask))) return
    const reshaped = slices.reshape(this.id, ask)
    if (reshaped === null) return
    try {
      shares.reshape(this.#instance, { attempt: run.attempt, slices: held }, reshaped)
    } catch (error) {
      slices.reshape(this.id, { ...ask, share: held[0]!.share! })
      this.#log.warn({ attempt: run.attempt, why: messageOf(error) }, 'another share was refused by its manager')
      return
    }
    this.#slices = reshaped
    meters.reshape(this.id, reshaped)
    void this.#d.journal.append({ records: [this.#event('reshaped', describeSlices(reshaped))] })
    this.#d.onChange()
  }

  /** No longer wanted: resolves when nothing of it is left. */
  async stop(reason: string): Promise<void> {
    if (!this.#unwanted.signal.aborted) {
      if (!this.#isOver()) this.#become('stopping', reason)
      this.#unwanted.abort()
      if (this.#instance.role === 'inference') await this.#d.letGo?.(this.id)
      if (this.#run !== null) await this.#d.runtime.stop(this.id, this.#d.config.stopGraceMs)
    }
    await this.#done
  }

  /** Kills the present run, which counts as a failure, and starts again. */
  async restart(fault: string): Promise<void> {
    if (this.#run === null || this.#unwanted.signal.aborted || this.#fault !== '') return
    this.#fault = fault
    this.#log.warn({ attempt: this.attempt, fault }, 'instance is killed to start again')
    await this.#d.runtime.stop(this.id, this.#d.config.stopGraceMs)
  }

  /** Leaves the run alone from now on, for the next agent. */
  detach(): void {
    this.#isDetached = true
    this.#unwanted.abort()
  }

  async #live(recovered: RecoveredRun | null): Promise<void> {
    const { outcome, reason } = this.#mark
    const isNews = recovered !== null && recovered.attempt === this.#mark.attempt && !this.#mark.isEnded
    // What the journal knows to have ended cannot be alive; should it be, it must not stay.
    if (recovered?.wasAlive === true && !isNews) await this.#d.runtime.stop(this.id, 0)
    if (outcome === 'completed' || outcome === 'failed') return this.#become(outcome, reason)
    if (isNews) await this.#takeOver(recovered)
    while (!this.#unwanted.signal.aborted && !this.#isOver()) {
      const run = await this.#launch()
      if (run !== null) await this.#watch(run)
    }
    if (!this.#isDetached && !this.#isOver()) await this.#conclude('stopped', this.#reason)
    this.#d.slices.release(this.id)
  }

  async #takeOver(run: RecoveredRun): Promise<void> {
    const isClaimed = this.#claim(run)
    this.#d.meters.begin(run, storingFor(this.#instance))
    this.#log.info({ attempt: run.attempt, wasAlive: run.wasAlive }, 'instance of a previous agent taken over')
    if (run.wasAlive) void this.#d.journal.append({ records: [this.#event('adopted', '')] })
    if (!isClaimed) void this.#d.runtime.stop(this.id, this.#d.config.stopGraceMs)
    await this.#watch(run)
  }

  /** What it holds already, with its place in the sharing of its GPUs; false, and the fault says why, where it has none. */
  #claim(run: RecoveredRun): boolean {
    const { slices, shares } = this.#d
    const isClaimed = slices.claim(this.id, run.slices, askOf(this.#instance))
    if (!run.wasAlive) return isClaimed
    if (!isClaimed) {
      this.#fault = 'its devices are gone or taken since the agent restarted'
      return false
    }
    try {
      shares.begin(this.#instance, run)
      return true
    } catch (error) {
      this.#fault = messageOf(error)
      return false
    }
  }

  /** Null when nothing was started and the loop should look again. */
  async #launch(): Promise<Run | null> {
    const { slices, shares, config, journal, runtime } = this.#d
    const { signal } = this.#unwanted
    const instance = this.#instance
    // A parameter server shares the region's host: it has no slice.
    const slice =
      instance.units === 0 ? [] : slices.take(this.id, instance.deviceModel, instance.units, askOf(instance))
    if (slice === null) return this.#waitForUnits()
    const attempt = this.#mark.attempt + 1
    this.#become('starting', '')
    this.#mark = { ...this.#mark, attempt, outcome: 'open', isEnded: false }
    const started = this.#event('started', describeSlices(slice))
    await journal.append({ records: [started], marks: { [lifeMarkOf(this.id)]: this.#mark } })
    if (signal.aborted) return this.#giveBack()
    try {
      shares.begin(instance, { attempt, slices: slice })
      const run = await runtime.launch({ instance, attempt, slices: slice, signal })
      this.#d.meters.begin(run, storingFor(this.#instance))
      return run
    } catch (error) {
      this.#giveBack()
      await this.#afterTrouble(
        error,
        backOffMs(config.restartMs * 2, config.restartMsMax, attempt, this.#d.random.next()),
      )
      return null
    }
  }

  /** Until some are given back; one that would wait for ever is over. */
  async #waitForUnits(): Promise<null> {
    const { slices } = this.#d
    const { deviceModel, units } = this.#instance
    const ask = askOf(this.#instance)
    const refusal = slices.refusal(this.id, deviceModel, ask)
    if (refusal !== null) {
      await this.#conclude('failed', refusal)
      return null
    }
    const wanted =
      ask === null ? `${units} units of ${deviceModel}` : `${units} x ${describeAsk(ask)} of ${deviceModel}`
    this.#become('starting', `waits for ${wanted}: ${slices.describe(deviceModel, ask)}`)
    await slices.changed(this.#unwanted.signal)
    return null
  }

  #giveBack(): null {
    this.#d.shares.end(this.id, this.#mark.attempt)
    this.#d.slices.release(this.id)
    return null
  }

  /** Nothing ran, so this is no failure of the function: refusals end the instance, all else is tried again slowly. */
  async #afterTrouble(error: unknown, delayMs: number): Promise<void> {
    if (this.#unwanted.signal.aborted) return
    const text = messageOf(error)
    if (error instanceof CloudlessError && error.kind === 'invalid') {
      this.#log.error({ attempt: this.attempt, why: text }, 'instance cannot be started')
      await this.#conclude('failed', text)
      return
    }
    this.#log.warn({ attempt: this.attempt, why: text, delayMs }, 'instance could not be started; tried again')
    this.#become('backing-off', `could not be started: ${text}; tried again in ${(delayMs / 1_000).toFixed(1)} s`)
    await this.#d.clock.sleep(delayMs, this.#unwanted.signal)
  }

  async #watch(run: Run): Promise<void> {
    this.#run = run
    this.#slices = run.slices
    this.#startedAtMs = run.startedAtMs
    if (this.#unwanted.signal.aborted) void this.#d.runtime.stop(this.id, this.#d.config.stopGraceMs)
    else this.#become('running', '')
    // What was wished for since it was launched, or while nobody heard.
    this.reshape()
    const exit = await Promise.race([run.exited, detached(this.#unwanted.signal, () => this.#isDetached)])
    if (exit === null) return
    this.#run = null
    await this.#afterEnd(run, exit)
  }

  async #afterEnd(run: Run, exit: Exit): Promise<void> {
    const { meters, config, clock, random, slices, shares } = this.#d
    const ending = meters.end(this.id, exit.endedAtMs)
    shares.end(this.id, run.attempt)
    slices.release(this.id)
    const fault = await this.#faultOf(exit)
    if (this.#isDetached) return
    if (this.#unwanted.signal.aborted) return this.#conclude('stopped', this.#reason, ending, 'killed')
    const next = afterExit({
      exit,
      ranMs: Math.max(0, exit.endedAtMs - run.startedAtMs),
      failures: this.#mark.failures,
      failuresMax: this.#instance.spec.training?.restartsMax || config.restartsMaxDefault,
      stableMs: config.stableMs,
      fault,
    })
    if (next.kind === 'completed') return this.#conclude('completed', '', ending, 'exited')
    const lines = await this.#lastLines()
    const because = lines === '' ? next.because : `${next.because}; last lines of its log:\n${lines}`
    if (next.kind === 'failed') return this.#conclude('failed', because, ending, 'failed')
    const delayMs = backOffMs(config.restartMs, config.restartMsMax, next.failures, random.next())
    this.#log.warn({ attempt: run.attempt, exit: describeExit(exit), delayMs }, 'instance ended; started again')
    this.#mark = { ...this.#mark, failures: next.failures, isEnded: true }
    const ended = { records: [this.#event('exited', because)], marks: { [lifeMarkOf(this.id)]: this.#mark } }
    this.#become('backing-off', because)
    await this.#d.journal.append(joinEntries(ending, ended))
    await clock.sleep(delayMs, this.#unwanted.signal)
  }

  async #faultOf(exit: Exit): Promise<string> {
    const { signal } = this.#unwanted
    const fault = this.#fault
    this.#fault = ''
    if (signal.aborted || fault !== '' || exit.code !== 0) return fault
    return this.#d.incompleteBecause(this.id, signal)
  }

  async #conclude(
    outcome: 'completed' | 'failed' | 'stopped',
    reason: string,
    ending: JournalEntry = {},
    kind: string = outcome,
  ): Promise<void> {
    this.#mark = { ...this.#mark, outcome, reason, isEnded: true }
    const last = { records: [this.#event(kind, reason)], marks: { [lifeMarkOf(this.id)]: this.#mark } }
    await this.#d.journal.append(joinEntries(ending, last))
    this.#log.info({ attempt: this.attempt, outcome, reason }, 'instance is over')
    this.#become(outcome, reason)
  }

  #isOver(): boolean {
    return this.#state === 'completed' || this.#state === 'failed' || this.#state === 'stopped'
  }

  #become(state: LifeState, reason: string): void {
    if (this.#isDetached || (this.#state === state && this.#reason === reason)) return
    this.#state = state
    this.#reason = reason
    this.#d.onChange()
  }

  #event(kind: string, text: string): { event: Record<string, string | number> } {
    const { id: instanceId, jobId } = this
    return { event: { jobId, instanceId, attempt: this.attempt, kind, text, atMs: Math.floor(this.#d.clock.now()) } }
  }

  async #lastLines(): Promise<string> {
    const { runtime, config } = this.#d
    try {
      const bytes = await runtime.logBytes(this.id)
      const from = Math.max(0, bytes - config.reasonBytesMax)
      return lastLines(await runtime.readLog(this.id, from, config.reasonBytesMax), config.reasonLines)
    } catch (error) {
      return `(the log cannot be read: ${messageOf(error)})`
    }
  }
}

/** Whatever came of it before its job was resumed, it begins again; attempts go on counting. */
function resumed(mark: Mark, resumption: number): Mark {
  if (mark.resumption >= resumption) return mark
  return { ...mark, resumption, outcome: 'open', failures: 0, reason: '' }
}

/** Only a parameter server keeps something beyond itself. */
function storingFor({ role, partition }: DesiredInstance): string | null {
  return role === 'parameter-server' ? partition : null
}

function describeSlices(slices: readonly Slice[]): string {
  return slices
    .map(({ units, deviceId, share }) =>
      share === undefined ? `${units} of ${deviceId}` : `${shareWords(share.requestMilli)} of ${deviceId}`,
    )
    .join(', ')
}

/** Resolves with null when the instance is left to the next agent; never when it is only stopped. */
function detached(signal: AbortSignal, isDetached: () => boolean): Promise<null> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (isDetached()) resolve(null)
    }
    if (signal.aborted) look()
    else signal.addEventListener('abort', look, { once: true })
  })
}

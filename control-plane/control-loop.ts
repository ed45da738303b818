// The loop that makes the world follow the jobs: snapshot -> plan -> commit -> reconcile -> commit -> tell the agents.
// Runs after every change, with changes of a few milliseconds taken together, and every second; never twice at once.
import type { Catalogue } from '#regions/catalogue.ts'
import type { Clock, Timer } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Metrics } from '#runtime/metrics.ts'
import { toChanges } from './actions-to-changes.ts'
import { controlPlaneConfig as config } from './config.ts'
import { decideApart } from './decide-apart.ts'
import { measure } from './measure.ts'
import type { Actions } from './model/actions.ts'
import type { Desired } from './model/desired.ts'
import type { Snapshot } from './model/snapshot.ts'
import { desiredByRegion } from './reconciler/desired.ts'
import { pinCatalogue } from './pin-catalogue.ts'
import { reconcileFunctions } from './reconciler/functions.ts'
import { reconcile, type ReconcileOptions } from './reconciler/reconcile.ts'
import { replanRunning } from './scheduler/elastic/replan-running.ts'
import { nothingRemembered, type ElasticMemory } from './scheduler/elastic/state.ts'
import { PlanMemory } from './scheduler/plan-memory.ts'
import { functionRoom } from './scheduler/function-room.ts'
import { planPending } from './scheduler/plan.ts'
import { snapshotOf } from './snapshot-of.ts'
import type { Store } from './store/store.ts'

export type ControlLoopOptions = {
  readonly store: Store
  /** In force now; another one is seen by the next decision. */
  readonly catalogue: () => Catalogue
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly reconcile: ReconcileOptions
  /** Other times than the usual ones: virtual days are decided on in coarser steps. */
  readonly timing?: Partial<LoopTiming>
  /** What an agent should run may have changed. */
  readonly tell: (desired: Desired, revision: number) => void
}

export type LoopTiming = {
  readonly [Time in 'tickMs' | 'loopDelayMs' | 'measureEveryMs' | 'replanEveryMs' | 'retellMs']: number
}

const activeStates = ['pending', 'starting', 'running', 'finishing', 'cancelling'] as const

export class ControlLoop {
  readonly #options: ControlLoopOptions
  readonly #timing: LoopTiming
  readonly #seconds: ReturnType<Metrics['histogram']>
  readonly #jobs: ReturnType<Metrics['gauge']>
  readonly #failures: ReturnType<Metrics['counter']>
  readonly #regionsToTell = new Set<string>()
  /** Jobs that a commit touched since they were looked at; null: all have to be. */
  #touchedJobIds: Set<string> | null = null
  #agentsSeen = ''
  readonly #planMemory = new PlanMemory()
  #timer: Timer | null = null
  #tick: Timer | null = null
  readonly #stopWatching: () => void
  #isStarted = false
  #running: Promise<void> | null = null
  #isAskedAgain = false
  #measuredAtMs = Number.NEGATIVE_INFINITY
  #replannedAtMs = Number.NEGATIVE_INFINITY
  #elastic: ElasticMemory = nothingRemembered
  #toldAllAtMs = Number.NEGATIVE_INFINITY

  constructor(options: ControlLoopOptions) {
    const { metrics } = options
    this.#options = options
    this.#timing = { ...config, ...options.timing }
    this.#seconds = metrics.histogram('cloudless_loop_seconds', 'Seconds of one pass of the control loop.')
    this.#jobs = metrics.gauge('cloudless_jobs', 'Jobs that have not ended.', ['state'])
    this.#failures = metrics.counter(
      'cloudless_loop_failures_total',
      'Passes that ended in an error and were tried again.',
    )
    const { store } = options
    for (const { region } of [...store.view().agents, ...store.view().instances]) this.#regionsToTell.add(region)
    this.#stopWatching = store.onCommit(({ regions, jobIds }) => {
      for (const region of regions) this.#regionsToTell.add(region)
      for (const jobId of jobIds) this.#touchedJobIds?.add(jobId)
      this.#schedule(this.#timing.loopDelayMs)
    })
  }

  start(): void {
    this.#isStarted = true
    this.#tickLater()
    this.#schedule(0)
  }

  /** Resolves when no pass runs any more. */
  async stop(): Promise<void> {
    this.#isStarted = false
    this.#stopWatching()
    this.#tick?.cancel()
    this.#timer?.cancel()
    this.#timer = null
    this.#isAskedAgain = false
    await this.#running
  }

  /** One pass now; waits for one that runs already. */
  async runOnce(): Promise<void> {
    await this.#running
    this.#running = this.#pass()
    await this.#running
    this.#running = null
  }

  #tickLater(): void {
    this.#tick = this.#options.clock.after(this.#timing.tickMs, () => {
      this.#tickLater()
      this.#touchedJobIds = null
      this.#schedule(0)
    })
  }

  #schedule(delayMs: number): void {
    if (this.#running !== null) this.#isAskedAgain = true
    if (this.#timer !== null || this.#running !== null || !this.#isStarted) return
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = null
      void this.#runAndAgain()
    })
  }

  async #runAndAgain(): Promise<void> {
    await this.runOnce()
    if (!this.#isAskedAgain) return
    this.#isAskedAgain = false
    this.#schedule(this.#timing.loopDelayMs)
  }

  async #pass(): Promise<void> {
    const { clock, log } = this.#options
    const startMs = clock.monotonicMs()
    try {
      // Before jobs take what is free: somebody waits for the answers.
      await this.#decideAndCommit('functions', (snapshot) =>
        reconcileFunctions(snapshot, functionRoom(snapshot, this.#planMemory.units)),
      )
      await this.#decideAndCommit('plan', (snapshot) => planPending(snapshot, this.#planMemory))
      await this.#replanNowAndThen()
      await this.#reconcile()
      await this.#takeMeasurements()
      this.#tellAgents()
      this.#countJobs()
    } catch (error) {
      // A full disk or a bug: nothing was half-written, and the tick tries again.
      this.#failures.add(1)
      log.error({ error: messageOf(error), stack: (error as Error).stack }, 'pass of the control loop failed')
    }
    this.#seconds.observe((clock.monotonicMs() - startMs) / 1000)
  }

  async #replanNowAndThen(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#replannedAtMs < this.#timing.replanEveryMs) return
    this.#replannedAtMs = nowMs
    let memory = nothingRemembered
    await this.#decideAndCommit('replan', (snapshot) => {
      const replanned = replanRunning(snapshot, this.#elastic)
      memory = replanned.memory
      return replanned.actions
    })
    this.#elastic = memory
  }

  /** The jobs that something happened to; all of them at every tick, and while an agent is lost, since time counts then. */
  async #reconcile(): Promise<void> {
    const { agents } = this.#options.store.view()
    const seen = agents.map(({ region, isConnected }) => `${region} ${isConnected}`).join(',')
    const isCalm = seen === this.#agentsSeen && agents.every(({ isConnected }) => isConnected)
    const only = isCalm ? this.#touchedJobIds : null
    this.#agentsSeen = seen
    this.#touchedJobIds = new Set()
    try {
      await this.#decideAndCommit('reconcile', (snapshot) => reconcile(snapshot, this.#options.reconcile, only))
    } catch (error) {
      this.#touchedJobIds = null
      throw error
    }
  }

  async #decideAndCommit(step: string, decide: (snapshot: Snapshot) => Actions): Promise<void> {
    const { store, log } = this.#options
    const snapshot = this.#snapshot()
    const { actions, broken } = decideApart(snapshot, decide)
    for (const [jobId, error] of broken) log.error({ jobId, step, error: messageOf(error) }, 'job set aside')
    if (actions.jobs.some(({ change }) => (change.plan ?? null) !== null))
      await pinCatalogue(store, snapshot.catalogue, snapshot.nowMs)
    const outcome = await store.commit(toChanges(store, actions, snapshot.nowMs), snapshot.revision)
    if (outcome.kind === 'committed') return
    log.debug({ step, object: outcome.object }, 'decided on an old snapshot; looking again')
    this.#isAskedAgain = true
    this.#touchedJobIds = null
  }

  #snapshot(): Snapshot {
    const { store, catalogue, clock } = this.#options
    return snapshotOf(store.view(), clock.now(), catalogue())
  }

  async #takeMeasurements(): Promise<void> {
    const { store, clock } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#measuredAtMs < this.#timing.measureEveryMs) return
    this.#measuredAtMs = nowMs
    const view = store.view()
    await store.commit(measure(view, clock.now()), view.revision)
  }

  #tellAgents(): void {
    this.#addAllRegionsNowAndThen()
    if (this.#regionsToTell.size === 0) return
    const snapshot = this.#snapshot()
    const regions = [...this.#regionsToTell].sort()
    this.#regionsToTell.clear()
    for (const desired of desiredByRegion(snapshot, regions).values()) this.#options.tell(desired, snapshot.revision)
  }

  /** Time alone ends the keeping of a job's checkpoints, without a commit. */
  #addAllRegionsNowAndThen(): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#toldAllAtMs < this.#timing.retellMs) return
    this.#toldAllAtMs = nowMs
    for (const { region } of this.#options.store.view().agents) this.#regionsToTell.add(region)
  }

  #countJobs(): void {
    const counts = new Map<string, number>()
    for (const { state } of this.#options.store.view().jobs) counts.set(state, (counts.get(state) ?? 0) + 1)
    for (const state of activeStates) this.#jobs.set(counts.get(state) ?? 0, { state })
  }
}

// Makes what runs equal to what is desired. Level-triggered: it keeps no list of commands, only the newest desired state,
// which is durable before anything follows from it, so that a restarted agent goes on without the control plane.
import { z } from 'zod'
import { messageOf } from '#runtime/errors.ts'
import type { RecoveredRun } from '#physical-plane/runtime/runtime.ts'
import type { DesiredState__Output } from '#proto/generated/cloudless/v1/DesiredState.ts'
import { decodeDesired, nothingDesired, type Desired, type DesiredInstance } from './desired.ts'
import type { ComingTo } from './gpu-table.ts'
import { InstanceLife, lifeMarkOf, type LifeDependencies } from './instance-life.ts'
import { joinEntries } from './meter.ts'

const desiredMark = 'desired'
const desiredMarkSchema = z.object({
  revision: z.number(),
  instances: z.array(z.unknown()),
  addressBooks: z.array(z.unknown()),
  keptJobIds: z.array(z.string()).default([]),
  functions: z.array(z.unknown()).default([]),
  pipelines: z.array(z.unknown()).default([]),
})
/** Since when nobody has wanted an instance that has ended. */
const endedMark = 'ended/'
const endedMarkSchema = z.object({ jobId: z.string(), atMs: z.number() })

export type SupervisorDependencies = LifeDependencies & {
  readonly region: string
  /** The instances or their directives changed. */
  readonly onDesired: () => void
  /** Nobody asks for the instance any more and it has ended. */
  readonly onGone: (instanceId: string) => void
}

export class Supervisor {
  readonly #d: SupervisorDependencies
  readonly #lives = new Map<string, InstanceLife>()
  /** Runs that a predecessor left and nobody wants: told of until they are gone. */
  readonly #reaping = new Set<Promise<void>>()
  #desired: Desired = nothingDesired
  #wire = ''
  /** One change at a time, in order of arrival. */
  #applying: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(dependencies: SupervisorDependencies) {
    this.#d = dependencies
    dependencies.slices.comingIs(() => this.#coming())
  }

  get desired(): Desired {
    return this.#desired
  }
  /** In ascending order of id. */
  get lives(): readonly InstanceLife[] {
    return [...this.#lives.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  get isRunningAny(): boolean {
    return this.lives.some((life) => life.run !== null) || this.#reaping.size > 0
  }

  /** Instances that nobody wants any more and that are not yet forgotten. */
  get ended(): readonly { readonly instanceId: string; readonly jobId: string }[] {
    return [...this.#d.journal.marks]
      .filter(([key]) => key.startsWith(endedMark))
      .map(([key, value]) => ({
        instanceId: key.slice(endedMark.length),
        jobId: endedMarkSchema.safeParse(value).data?.jobId ?? '',
      }))
  }

  life(instanceId: string): InstanceLife | undefined {
    return this.#lives.get(instanceId)
  }

  /** Takes over what a predecessor left, by the desired state it had last taken in. */
  async recover(): Promise<void> {
    const mark = desiredMarkSchema.safeParse(this.#d.journal.marks.get(desiredMark))
    if (mark.success) {
      const wire = mark.data as unknown as DesiredState__Output
      this.#desired = decodeDesired(wire, this.#d.region)
      this.#wire = comparable(wire)
    }
    const runs = await this.#d.runtime.recover()
    const wanted = new Set(this.#desired.instances.map(({ id }) => id))
    for (const run of runs) if (!wanted.has(run.instanceId) && run.wasAlive) this.#reap(run)
    for (const instance of this.#desired.instances)
      this.#begin(instance, runs.find((run) => run.instanceId === instance.id) ?? null)
  }

  /** Everything that should run from now on. */
  apply(wire: DesiredState__Output): void {
    this.#applying = this.#applying.then(() => this.#apply(wire))
  }

  /** Ends all instances; resolves when nothing is left. */
  async stopAll(reason: string): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.lives.map((life) => life.stop(reason)), ...this.#reaping])
  }

  /** Leaves everything running for the next agent. */
  detachAll(): void {
    this.#isStopped = true
    for (const life of this.#lives.values()) life.detach()
  }

  /** Drops what was kept of instances that ended and that nobody has wanted for a while. */
  async forgetEnded(isShipped: (instanceId: string) => boolean): Promise<void> {
    const { journal, clock, config, runtime, meters, log, onGone } = this.#d
    const wanted = new Set(this.#desired.instances.map(({ id }) => id))
    for (const [key, value] of journal.marks) {
      if (!key.startsWith(endedMark)) continue
      const id = key.slice(endedMark.length)
      const { atMs, jobId } = endedMarkSchema.safeParse(value).data ?? { atMs: 0, jobId: '' }
      const ageMs = clock.now() - atMs
      if (wanted.has(id)) {
        void journal.append({ marks: { [key]: null } })
        continue
      }
      if (ageMs > config.endedShownMs) this.#lives.delete(id)
      // Its job may be resumed: checkpoints, attempts and logs stay.
      if (this.#desired.keptJobIds.has(jobId)) continue
      // A control plane that takes no log for a day does not keep the disk full for ever.
      if (ageMs <= config.endedKeepMs || (!isShipped(id) && ageMs <= 24 * config.endedKeepMs)) continue
      await runtime
        .forget(id)
        .catch((error: unknown) => log.warn({ instanceId: id, why: messageOf(error) }, 'folder could not be removed'))
      onGone(id)
      if (this.#isLastOf(jobId, id)) await runtime.forgetJob(jobId)
      await journal.append(joinEntries({ marks: { [key]: null, [lifeMarkOf(id)]: null } }, meters.forget(id)))
    }
  }

  /** Whom GPUs are still to be found for; of many that are new, most have not begun when the first one asks. */
  #coming(): readonly ComingTo[] {
    return this.#desired.instances.flatMap(({ id: holder, units, deviceModel: model, gpuShare: share }) => {
      const state = this.#lives.get(holder)?.state ?? 'starting'
      const isComing = (state === 'starting' || state === 'backing-off') && units === 1
      return isComing ? [{ holder, model, share }] : []
    })
  }

  #isLastOf(jobId: string, instanceId: string): boolean {
    const isWanted = this.#desired.instances.some((instance) => instance.jobId === jobId)
    return (
      jobId !== '' && !isWanted && !this.ended.some((other) => other.jobId === jobId && other.instanceId !== instanceId)
    )
  }

  async #apply(wire: DesiredState__Output): Promise<void> {
    if (this.#isStopped) return
    const content = comparable(wire)
    const isNew = content !== this.#wire
    const desired = decodeDesired(wire, this.#d.region)
    const books = newestBooks(this.#desired.addressBooks, desired)
    if (isNew) this.#d.meters.settlePlaces()
    this.#desired = { ...desired, addressBooks: books }
    if (isNew) {
      const { revision, instances, keptJobIds, functions, pipelines } = wire
      const mark = { revision, instances, addressBooks: books, keptJobIds, functions, pipelines }
      await this.#d.journal.append({ marks: { [desiredMark]: mark } })
      this.#wire = content
      if (this.#isStopped) return
      for (const { id, reason } of desired.refused) this.#d.log.error({ instanceId: id, reason }, 'instance refused')
      this.#converge()
    }
    this.#d.onDesired()
    this.#d.onChange()
  }

  #converge(): void {
    const wanted = new Set(this.#desired.instances.map(({ id }) => id))
    for (const life of this.lives) if (!wanted.has(life.id)) void this.#retire(life)
    for (const instance of this.#desired.instances) {
      const life = this.#lives.get(instance.id)
      if (life === undefined) this.#begin(instance, null)
      // Once nothing is left of it.
      else if (isToBeginAgain(life, instance)) void this.#beginAgain(life)
      else life.update(instance)
    }
    // What shrank has made room for what grows.
    for (const life of this.lives) life.reshape()
  }

  async #retire(life: InstanceLife): Promise<void> {
    await life.stop('no longer wanted by the control plane')
    this.#markEnded(life.id, life.jobId)
  }

  #markEnded(instanceId: string, jobId: string): void {
    const key = endedMark + instanceId
    if (this.#d.journal.marks.has(key)) return
    void this.#d.journal.append({ marks: { [key]: { jobId, atMs: Math.floor(this.#d.clock.now()) } } })
  }

  async #beginAgain(life: InstanceLife): Promise<void> {
    await life.stop('')
    const instance = this.#desired.instances.find(({ id }) => id === life.id)
    if (instance === undefined || this.#isStopped || this.#lives.get(life.id) !== life) return
    this.#begin(instance, null)
  }

  #begin(instance: DesiredInstance, recovered: RecoveredRun | null): void {
    this.#lives.set(instance.id, new InstanceLife(this.#d, instance, recovered))
  }

  #reap(run: RecoveredRun): void {
    const { meters, runtime, journal, log, config, clock } = this.#d
    const { instanceId, jobId, attempt } = run
    log.warn({ instanceId, attempt }, 'a previous agent left an instance that nobody wants; it is stopped')
    const isClaimed = this.#d.slices.claim(instanceId, run.slices)
    meters.begin(run, null)
    const reaping = (async () => {
      await runtime.stop(instanceId, config.stopGraceMs)
      const exit = await run.exited
      const event = { jobId, instanceId, attempt, kind: 'reaped', text: '', atMs: Math.floor(clock.now()) }
      await journal.append(joinEntries(meters.end(instanceId, exit.endedAtMs), { records: [{ event }] }))
      this.#markEnded(instanceId, jobId)
      if (isClaimed) this.#d.slices.release(instanceId)
    })()
    this.#reaping.add(reaping)
    void reaping.finally(() => this.#reaping.delete(reaping))
  }
}

/** It was being stopped and is wanted again, or it had ended and its job was resumed since. */
function isToBeginAgain({ state, instance: { resumption } }: InstanceLife, wanted: DesiredInstance): boolean {
  if (state === 'stopping' || state === 'stopped') return true
  return (state === 'completed' || state === 'failed') && wanted.resumption > resumption
}

/** The revision grows with every change anywhere; only this agent's part matters. */
function comparable(wire: DesiredState__Output): string {
  return JSON.stringify([wire.instances, wire.addressBooks, wire.keptJobIds, wire.functions, wire.pipelines])
}

/** A book with a lower epoch than one already known is old news; a job without instances here needs none. */
function newestBooks(known: Desired['addressBooks'], desired: Desired): Desired['addressBooks'] {
  const jobs = new Set(desired.instances.map(({ jobId }) => jobId))
  const byJob = new Map(known.filter(({ jobId }) => jobs.has(jobId)).map((book) => [book.jobId, book]))
  for (const book of desired.addressBooks) {
    const present = byJob.get(book.jobId)
    if (present === undefined || book.epoch >= present.epoch) byJob.set(book.jobId, book)
  }
  return [...byJob.values()].sort((a, b) => (a.jobId < b.jobId ? -1 : 1))
}

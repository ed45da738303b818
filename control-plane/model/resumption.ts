// A job that failed or was cancelled can go on from its regions' newest checkpoints. Each resumption has a number, which
// its instances carry: what an agent tells of an instance under a lower one is of the time before and counts no more.
import type { Job } from './job.ts'
import type { Instance } from './snapshot.ts'

/** How long the regions keep what a job needs to be resumed. */
export const resumableMs = 7 * 24 * 3_600_000

export type Resumption = {
  /** From 1. */
  readonly number: number
  /** The request that asked for it: the same one again changes nothing. */
  readonly requestId: string
  readonly atMs: number
  /** Oldest first. */
  readonly idle?: readonly IdleSpan[]
}

/** From an end to the resumption after it. */
export type IdleSpan = { readonly fromMs: number; readonly untilMs: number }

/** Older ones are forgotten. */
export const idleSpansMax = 100

/** An ended job whose checkpoints its regions keep until `untilMs`. */
export type KeptJob = { readonly id: string; readonly regions: readonly string[]; readonly untilMs: number }

export function resumptionOf(item: Job | Instance): number {
  const { resumption } = item
  return typeof resumption === 'object' ? resumption.number : (resumption ?? 0)
}

/** Since it was first placed. */
export function idleMsOf({ resumption, startedAtMs }: Job): number {
  const placedAtMs = startedAtMs ?? Infinity
  return (resumption?.idle ?? []).reduce(
    (total, { fromMs, untilMs }) => total + Math.max(0, untilMs - Math.max(fromMs, placedAtMs)),
    0,
  )
}

/** Null for a job that goes on, has succeeded, or was never placed. */
export function keptJobOf({ id, state, endedAtMs, plan }: Job): KeptJob | null {
  if ((state !== 'failed' && state !== 'cancelled') || plan === null || plan.partitions.length === 0) return null
  return { id, regions: plan.partitions.map(({ place }) => place), untilMs: (endedAtMs ?? 0) + resumableMs }
}

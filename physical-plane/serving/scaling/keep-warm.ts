// Between none and one, for every policy alike: where a function may have no instances, its last one goes when requests stay away
// (idle-windows.ts) and the first one begins before they are likely to come again, or when one has come.
import type { Action, Autoscaler } from './autoscaler.ts'
import { idleConfig, idleWindows, isWarm, type IdleGap } from './idle-windows.ts'

export type WarmMemory<Memory> = {
  readonly inner: Memory
  readonly gaps: readonly IdleGap[]
  /** Null before the first second. */
  readonly lastRequestAtMs: number | null
  /** The newest second that was looked at; its time may be another clock's. */
  readonly lookedAtMs: number
}

export function keepWarm<Memory>(policy: Autoscaler<Memory>): Autoscaler<WarmMemory<Memory>> {
  return {
    ...policy,
    initial: { inner: policy.initial, gaps: [], lastRequestAtMs: null, lookedAtMs: Number.NEGATIVE_INFINITY },
    decide: (view, before) => {
      const { nowMs, history, instances, instancesMin } = view
      const isAsked = history.some(
        ({ atMs, arrived, queued, inFlight }) => atMs > before.lookedAtMs && arrived + queued + inFlight > 0,
      )
      const isUnknown = before.lastRequestAtMs === null
      const looked = { ...before, lookedAtMs: history.at(-1)?.atMs ?? before.lookedAtMs }
      const seen = isAsked ? asked(looked, nowMs) : looked
      // Where there is none and nobody asks there was none before either: another agent, say, has let it go.
      if (instancesMin === 0 && isUnknown && !isAsked && instances.length === 0) return { actions: [], memory: looked }
      const idleMs = nowMs - (seen.lastRequestAtMs ?? nowMs)
      const windows = idleWindows(seen.gaps, nowMs)
      if (instancesMin > 0 || instances.length > 1 || isWarm(idleMs, windows)) {
        const { actions, memory } = policy.decide(view, seen.inner)
        return { actions, memory: { ...seen, inner: memory, lastRequestAtMs: seen.lastRequestAtMs ?? nowMs } }
      }
      const { preWarmMs, keepAliveMs } = windows
      const because = `idle for ${seconds(idleMs)}, begins again at ${seconds(preWarmMs)}, kept until ${seconds(keepAliveMs)}`
      const actions = instances.map(({ id }): Action => ({ kind: 'remove', instanceId: id, because }))
      return { actions, memory: { ...seen, inner: policy.initial } }
    },
  }
}

function asked<Memory>(before: WarmMemory<Memory>, nowMs: number): WarmMemory<Memory> {
  const ms = nowMs - (before.lastRequestAtMs ?? nowMs)
  // Requests of two seconds that follow each other are no gap.
  const gaps = ms > 1_500 ? [...before.gaps, { endedAtMs: nowMs, ms }].slice(-idleConfig.gapsMax) : before.gaps
  return { ...before, gaps, lastRequestAtMs: nowMs }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(0)} s`
}

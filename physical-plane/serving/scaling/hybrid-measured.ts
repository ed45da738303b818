// Numbers of instances where shares do not change: by what instances answer by their profile, or were measured to. What a profile says
// is acted on before anything is missed. What an idle one was measured to answer says too little, as its batches were small; so without
// a profile a lack must show as well: requests that wait, are refused or take more than half of the objective. What Dilu would answer is answered too: a load that stays over what they can (20 of 40 seconds), and
// an objective that stays missed, add one.
import type { Action, ScalingView, Second } from './autoscaler.ts'
import { capacityOf, deviceModelOf, instancePerSecond, meanOver } from './capacity.ts'
import { toCount } from './draft.ts'

export const measuredConfig = {
  /** Seconds that a lack must show. */
  pressedSeconds: 2,
  missedSeconds: 3,
  overSeconds: 20,
  overOfSeconds: 40,
  /** Of the objective. */
  pressedShare: 0.5,
  /** Of what can be answered that may come. */
  busyShare: 0.85,
  /** Seconds of less demand before one goes, at least, and in starts. */
  calmSeconds: 40,
  calmStarts: 3,
} as const

/** `needs`: requests a second that had to be covered, newest last. */
export function byMeasure(view: ScalingView, needs: readonly number[]): readonly Action[] {
  const { history, instances, coldStartMs } = view
  const ready = instances.filter(({ isReady }) => isReady)
  const measured = ready.map((one) => instancePerSecond(view, one)).filter((rate) => rate > 0)
  const each = measured.length === 0 ? 0 : measured.reduce((a, b) => a + b) / measured.length
  const need = needs.at(-1) ?? 0
  const count = Math.max(1, instances.length)
  const { pressedSeconds, missedSeconds, busyShare, calmSeconds, calmStarts, overSeconds, overOfSeconds } =
    measuredConfig
  const told = `${need.toFixed(1)} requests a second to cover, ${(each * ready.length).toFixed(1)} can be answered`
  // While one begins nothing can be said of what they can do together, but of what is missing beyond it.
  const isPressed = isFor(history, pressedSeconds, (second) => isPressing(view, second, ready.length))
  const needed = each > 0 ? Math.ceil(need / (busyShare * each)) : count
  const isProfiled = ready.every(
    ({ deviceId, shape }) => capacityOf(view, deviceModelOf(view, deviceId), shape) !== null,
  )
  if ((isProfiled || isPressed) && needed > count) return toCount(view, needed, told)
  const isMissed = isFor(history, missedSeconds, (second) => isLate(view, second))
  const isSettled = ready.length === instances.length
  const over = history.slice(-overOfSeconds).filter(({ arrived }) => each > 0 && arrived > each * ready.length).length
  if (over >= overSeconds && isSettled)
    return toCount(
      view,
      count + 1,
      `${over} of ${overOfSeconds} seconds had more requests than ${count} instances answer`,
    )
  if (isMissed && isSettled && ready.length > 0) {
    const because = `the objective was missed for ${missedSeconds} s; ${told}`
    return toCount(view, count + 1, because)
  }
  const calm = Math.max(calmSeconds, Math.ceil((calmStarts * coldStartMs) / 1_000))
  const most = Math.max(...needs.slice(-calm))
  const isCalm = needs.length >= calm && isSettled && each > 0 && most < busyShare * each * (count - 1)
  const calmed = `${most.toFixed(1)} requests a second at most in ${calm} s, which ${count - 1} cover`
  const isDue = isCalm && meanOver(history, calm, ({ overSlo }) => overSlo) === 0
  return toCount(view, isDue ? count - 1 : count, isDue ? calmed : told)
}

function isFor(history: readonly Second[], seconds: number, holds: (second: Second) => boolean): boolean {
  const recent = history.slice(-seconds)
  return recent.length === seconds && recent.every(holds)
}

function isPressing({ slo, batchMax }: ScalingView, second: Second, ready: number): boolean {
  if (second.refused > 0 || second.queued > batchMax * Math.max(1, ready)) return true
  return slo !== null && second.latencyMs > measuredConfig.pressedShare * slo.latencyMs
}

function isLate({ slo }: ScalingView, { answered, latencyMs }: Second): boolean {
  return slo !== null && answered > 0 && latencyMs > slo.latencyMs
}

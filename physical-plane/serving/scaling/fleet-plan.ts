// Which instances would have covered the last minutes with the least of a GPU, if their time had followed the demand second by second:
// those that are there, one of them less, or others of one size. Others have to be begun, which costs their share of a GPU
// while they are.
import type { ScalingView, Shape } from './autoscaler.ts'
import { capacityOf, deviceModelOf } from './capacity.ts'
import { quotaSteps, safeRate, smSteps } from './pool.ts'
import { smOf } from './rows.ts'

export type FleetPlan =
  | { readonly kind: 'keep' }
  | { readonly kind: 'fewer'; readonly instanceId: string; readonly milliBefore: number; readonly milliAfter: number }
  | {
      readonly kind: 'others'
      readonly shapes: readonly Shape[]
      readonly milliBefore: number
      readonly milliAfter: number
    }

/** `needs`: requests a second to cover, one a second. Anything else than to keep takes less than `gain` of what is taken now. */
export function planFleet(view: ScalingView, needs: readonly number[], gain: number): FleetPlan {
  const sorted = needs.toSorted((a, b) => a - b)
  const atLeast = Math.max(1, view.instancesMin)
  const sms = view.instances.map(({ shape }) => smOf(shape))
  const milliBefore = meanMilli(view, sms, sorted)
  let best: FleetPlan = { kind: 'keep' }
  let bestMilli = gain * milliBefore
  if (view.instances.length > atLeast)
    for (const [i, { id }] of view.instances.entries()) {
      const milliAfter = meanMilli(view, sms.toSpliced(i, 1), sorted)
      if (milliAfter >= bestMilli) continue
      bestMilli = milliAfter
      best = { kind: 'fewer', instanceId: id, milliBefore, milliAfter }
    }
  const countMax = view.instancesMax - view.instances.length
  for (const smMilli of smSteps) {
    // Of the size that all have already one less at a time is enough.
    if (sms.every((own) => own === smMilli)) continue
    for (let count = atLeast; count <= countMax; count++) {
      const fleet = Array.from({ length: count }, () => smMilli)
      const running = meanMilli(view, fleet, sorted)
      if (running === Number.POSITIVE_INFINITY) continue
      // Their start is spread over as long as was looked back: it is to pay within the time that we know of.
      const milliAfter = running * (1 + view.coldStartMs / 1_000 / needs.length)
      if (milliAfter < bestMilli) {
        bestMilli = milliAfter
        const quota = quotaFor(view, fleet, needs.at(-1)!) ?? 1_000
        const shape = { smMilli, requestMilli: quota, limitMilli: quota }
        best = { kind: 'others', shapes: fleet.map(() => shape), milliBefore, milliAfter }
      }
      // More of the same take more, once all of the demand is covered.
      break
    }
  }
  return best
}

/** Thousandths of a GPU on average; infinite where the most that was needed can not be covered. `needs` ascending. */
function meanMilli(view: ScalingView, sms: readonly number[], needs: readonly number[]): number {
  const smSum = sms.reduce((sum, smMilli) => sum + smMilli, 0)
  let covered = 0
  let sum = 0
  for (const quotaMilli of quotaSteps) {
    const rate = rateAt(view, sms, quotaMilli)
    const before = covered
    while (covered < needs.length && needs[covered]! <= rate) covered += 1
    sum += (covered - before) * (smSum / 1_000) * quotaMilli
    if (covered === needs.length) return sum / needs.length
  }
  return Number.POSITIVE_INFINITY
}

function quotaFor(view: ScalingView, sms: readonly number[], need: number): number | undefined {
  return quotaSteps.find((quotaMilli) => rateAt(view, sms, quotaMilli) >= need)
}

function rateAt(view: ScalingView, sms: readonly number[], quotaMilli: number): number {
  const model = deviceModelOf(view, '')
  let perSecond = 0
  let latencyMs = 0
  for (const smMilli of sms) {
    const own = capacityOf(view, model, { smMilli, requestMilli: quotaMilli, limitMilli: quotaMilli })
    if (own === null || own.perSecond === 0) continue
    perSecond += own.perSecond
    latencyMs = Math.max(latencyMs, own.latencyMs)
  }
  return safeRate(view, perSecond, latencyMs)
}

// Which remembered latencies stand for `profile: auto`: of every allowed device model what was measured of this function, bundle and
// percentile, whatever the objective was that was searched for; the newest where a part of a GPU was measured twice. What is deployed is
// the points. Pure.
import type { ProfilePoint } from '#proto/generated/cloudless/v1/ProfilePoint.ts'
import type { RememberedProfile } from '#physical-plane/gpu-sharing/profiler/remembered.ts'
import { invalid } from '#runtime/errors.ts'
import { notMeasured } from './not-measured.ts'
import type { TargetSlo } from './target.ts'

/** A function file that leaves its latencies to the profile. */
export type PointsAsked = {
  /** Of the file, for messages. */
  readonly path: string
  readonly name: string
  readonly digest: string
  /** Empty: any. */
  readonly deviceModels: readonly string[]
  /** Null: none; what was measured at the 99th percentile of requests will do. */
  readonly slo: TargetSlo | null
}

export function pointsFor(asked: PointsAsked, remembered: readonly RememberedProfile[]): readonly ProfilePoint[] {
  const models = asked.deviceModels.filter((model) => model !== 'cpu')
  if (asked.deviceModels.length > 0 && models.length === 0)
    throw refusal('is of a GPU, and device_models allows cpu only; add a GPU, or leave profile out')
  const about = remembered.filter((one) => {
    const isOfIts = one.function === asked.name && one.question.slo !== null
    return isOfIts && (models.length === 0 || models.includes(one.deviceModel))
  })
  const judged = about.map((one) => ({ one, fault: faultOf(one, asked) }))
  const points = new Map<string, ProfilePoint>()
  for (const { one, fault } of judged.toSorted((a, b) => a.one.profile.atMs - b.one.profile.atMs)) {
    if (fault !== null) continue
    const { deviceModel, profile } = one
    for (const point of profile.points ?? [])
      points.set(`${deviceModel} ${point.batch} ${point.smMilli} ${point.quotaMilli}`, { deviceModel, ...point })
  }
  if (points.size === 0) {
    const faults = judged.map(({ one, fault }) => ({ deviceModel: one.deviceModel, fault }))
    const flags = `${asked.slo === null ? ' --slo MS' : ''}${judged.length === 0 ? '' : ' --anew'}`
    const { where, others, command } = notMeasured({ path: asked.path, models, judged: faults, flags })
    const what = `how long batches of ${asked.name} take is not measured on ${where}${others}`
    throw refusal(`${what}; ${command}, or give points`)
  }
  return [...points.values()].sort(byPlace)
}

/** For people, in one line; names allowed GPUs of which nothing is known. */
export function pointsText(asked: PointsAsked, points: readonly ProfilePoint[]): string {
  const measured = [...new Set(points.map(({ deviceModel = '' }) => deviceModel))]
  const others = asked.deviceModels.filter((model) => model !== 'cpu' && !measured.includes(model))
  const rest = others.length === 0 ? '' : `; of ${others.join(', ')} none, so nothing is foreseen there`
  return `latencies of ${asked.name} from its profile: ${points.length} points of ${measured.join(', ')}${rest}`
}

/** As a function file has them. */
export function fileForm({ deviceModel = '', batch = 1, smMilli = 1000, quotaMilli = 1000, latencyMs }: ProfilePoint) {
  return { device_model: deviceModel, batch, sm: smMilli / 1000, quota: quotaMilli / 1000, latency_ms: latencyMs }
}

/** Why a profile of this function says nothing of what the file asks for; null where it does. */
function faultOf({ digest, question, profile }: RememberedProfile, asked: PointsAsked): string | null {
  const [was, is] = [percentileText(question.slo), percentileText(asked.slo)]
  if (was !== is) return `at ${was}, and the file has ${is}`
  if (digest !== asked.digest) return 'and what is in its folder has changed since'
  return (profile.points ?? []).length === 0 ? 'before points were kept' : null
}

function percentileText(slo: TargetSlo | null): string {
  return `the ${slo?.percentile ?? 99}th percentile per ${slo?.per ?? 'request'}`
}

function refusal(description: string): Error {
  return invalid([{ field: 'profile', description: `auto: ${description}` }], 'NO_PROFILE')
}

function byPlace(a: ProfilePoint, b: ProfilePoint): number {
  const [one, other] = [a.deviceModel ?? '', b.deviceModel ?? '']
  if (one !== other) return one < other ? -1 : 1
  const numbers = ['batch', 'smMilli', 'quotaMilli'] as const
  return numbers.map((name) => (a[name] ?? 0) - (b[name] ?? 0)).find((difference) => difference !== 0) ?? 0
}

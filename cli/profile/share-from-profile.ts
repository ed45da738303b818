// Which remembered profile stands for `gpu_share: auto`. What is submitted is explicit: request, limit, batch and the one device model
// they were measured on, since a share of one model says nothing of another. Whatever does not fit is refused with the command that
// measures it; nothing is guessed. Pure.
import type { GpuShare } from '#proto/generated/cloudless/v1/GpuShare.ts'
import type { RememberedProfile } from '#physical-plane/gpu-sharing/profiler/remembered.ts'
import { invalid } from '#runtime/errors.ts'
import { notMeasured } from './not-measured.ts'
import type { TargetSlo } from './target.ts'

/** A file that leaves its share to the profile. */
export type ShareAsked = {
  /** Of the file, for messages. */
  readonly path: string
  readonly field: string
  readonly name: string
  readonly digest: string
  /** Empty: any. */
  readonly deviceModels: readonly string[]
  /** Null: a job's training. */
  readonly answers: { readonly slo: TargetSlo | null; readonly batchMax: number } | null
  /** 0 where the file does not say. */
  readonly memoryBytes: number
}

/** What was taken, as `--json` shows it. */
export type UsedProfile = {
  readonly function: string
  readonly deviceModel: string
  readonly driverVersion: string
  readonly requestMilli: number
  readonly limitMilli: number
  readonly batch: number
  readonly requestPerSecond: number
  readonly latencyMs: number | null
  /** Instances that the rate takes which it was measured for. */
  readonly instances: number
  readonly probes: number
  readonly atMs: number
}

export function profileFor(asked: ShareAsked, remembered: readonly RememberedProfile[]): UsedProfile {
  const models = asked.deviceModels.filter((model) => model !== 'cpu')
  if (asked.deviceModels.length > 0 && models.length === 0)
    throw refusal(asked, 'is of a GPU, and device_models allows cpu only; add a GPU, or leave gpu_share out')
  const about = remembered.filter((one) => {
    const isOfIts = one.function === asked.name && (one.question.slo === null) === (asked.answers === null)
    return isOfIts && (models.length === 0 || models.includes(one.deviceModel))
  })
  const judged = about.map((one) => ({ one, fault: faultOf(one, asked) }))
  const newest = new Map<string, RememberedProfile>()
  for (const { one, fault } of judged.toSorted((a, b) => a.one.profile.atMs - b.one.profile.atMs))
    if (fault === null) newest.set(one.deviceModel, one)
  const [first, ...more] = newest.values()
  if (first === undefined) {
    const faults = judged.map(({ one, fault }) => ({ deviceModel: one.deviceModel, fault }))
    const { where, others, command } = notMeasured({ path: asked.path, models, judged: faults, flags: '' })
    const fix = `${command}, or give request and limit`
    throw refusal(asked, `${asked.name} is not measured on ${where} as it is asked for${others}; ${fix}`)
  }
  if (more.length > 0) {
    const known = [...newest.keys()].sort().join(', ')
    throw refusal(
      asked,
      `${asked.name} is measured on ${known}, and needs another share of each; name one in device_models`,
    )
  }
  return usedOf(first)
}

export function shareOf({ requestMilli, limitMilli }: UsedProfile, memoryBytes: number): GpuShare {
  return { requestMilli, limitMilli, ...(memoryBytes === 0 ? {} : { memoryBytes }) }
}

/** For people, in one line. */
export function usedText(used: UsedProfile): string {
  const day = new Date(used.atMs).toISOString().slice(0, 10)
  const batch = used.latencyMs === null ? '' : `, batches of ${used.batch}`
  const several = used.instances > 1 ? `; ${used.instances} instances carry the rate that it was measured for` : ''
  const measured = `${used.deviceModel}, driver ${used.driverVersion}, ${used.probes} probes on ${day}`
  return `share of ${used.function} from its profile (${measured}): request ${used.requestMilli / 1000}, limit ${used.limitMilli / 1000}${batch}${several}`
}

/** Why a profile of this function says nothing of what the file asks for; null where it does. */
function faultOf({ digest, question, profile }: RememberedProfile, asked: ShareAsked): string | null {
  const { answers } = asked
  if (answers !== null) {
    const [was, is] = [sloText(question.slo), sloText(answers.slo)]
    if (was !== is) return `for ${was}, and the file has ${is}`
    if (profile.batch > answers.batchMax)
      return `in batches of ${profile.batch}, and the file allows ${answers.batchMax} with batch_max`
  }
  return digest === asked.digest ? null : 'and what is in its folder has changed since'
}

function sloText(slo: TargetSlo | null): string {
  if (slo === null) return 'no latency'
  return `${slo.latencyMs} ms per ${slo.per} at the ${slo.percentile}th percentile`
}

function refusal({ field }: ShareAsked, description: string): Error {
  return invalid([{ field, description: `auto: ${description}` }], 'NO_PROFILE')
}

function usedOf({ function: name, deviceModel, driverVersion, profile }: RememberedProfile): UsedProfile {
  const { requestMilli, limitMilli, batch, requestPerSecond, latencyMs, instances, probes, atMs } = profile
  const share = { requestMilli, limitMilli, batch }
  return { function: name, deviceModel, driverVersion, ...share, requestPerSecond, latencyMs, instances, probes, atMs }
}

// When instances ran and nobody told of their use. Windows of one attempt follow each other to the millisecond, so what lies
// between two spans of it was not told; what lies after the last one is missing once it is too old to be still on its way.
// Limits: nothing is known of an attempt of which no window ever came, nor of entries whose agent did not tell the attempt.
import type { MeteredSpan, UsageGap } from '#control-plane/model/costs.ts'
import { hasEnded, type Instance } from '#control-plane/model/snapshot.ts'
import { costConfig } from './config.ts'

export type GapInput = {
  /** Of device seconds. */
  readonly spans: readonly MeteredSpan[]
  readonly instances: readonly Instance[]
  readonly nowMs: number
}

/** In ascending order of their beginning. */
export function usageGaps({ spans, instances, nowMs }: GapInput): readonly UsageGap[] {
  const known = new Map(instances.map((instance) => [instance.id, instance]))
  const attempts = Map.groupBy(
    spans.filter(({ attempt }) => attempt > 0),
    ({ instanceId, attempt }) => `${instanceId} ${attempt}`,
  )
  const inside = [...attempts.values()].flatMap((own) => holes(own))
  const open = instances.flatMap((instance) => tail(instance, attempts, nowMs))
  return [...inside, ...open]
    .map((gap) => ({ ...gap, estimatedUsd: estimate(gap, known.get(gap.instanceId)) }))
    .sort((a, b) => a.fromMs - b.fromMs || (a.instanceId < b.instanceId ? -1 : 1))
}

type Hole = Omit<UsageGap, 'estimatedUsd'>

function holes(spans: readonly MeteredSpan[]): readonly Hole[] {
  const sorted = spans.toSorted((a, b) => a.fromMs - b.fromMs)
  let untilMs = sorted[0]!.toMs
  return sorted.flatMap((span): Hole[] => {
    const fromMs = untilMs
    untilMs = Math.max(untilMs, span.toMs)
    return span.fromMs - fromMs < costConfig.gapMsMin ? [] : [{ ...span, fromMs, toMs: span.fromMs, isOpen: false }]
  })
}

/** Of an instance that runs now. */
function tail(
  instance: Instance,
  attempts: ReadonlyMap<string, readonly MeteredSpan[]>,
  nowMs: number,
): readonly Hole[] {
  const { id, jobId, region, attempt, units, state } = instance
  const spans = attempts.get(`${id} ${attempt}`)
  if (hasEnded(instance) || state !== 'running' || units === 0 || spans === undefined) return []
  const fromMs = Math.max(...spans.map(({ toMs }) => toMs))
  if (nowMs - fromMs <= costConfig.gapOpenMs) return []
  return [{ jobId, instanceId: id, region, attempt, fromMs, toMs: nowMs, isOpen: true }]
}

function estimate({ fromMs, toMs }: Hole, instance: Instance | undefined): number {
  return instance === undefined ? 0 : (instance.units * instance.usdPerUnitHour * (toMs - fromMs)) / 3_600_000
}

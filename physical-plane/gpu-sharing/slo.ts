// The second input of vertical scaling: how much of its objective a latency client has left. What the serving side measures
// counts most, since it knows of queues; the client's own cycles stand in where nobody measures. Pure.
import type { SharingConfig } from './config.ts'
import type { LatencySample, Objective } from './gpu-sharing.ts'

export type SloVerdict = {
  readonly kind: 'emergency' | 'recovery' | 'ample' | 'hold' | 'unknown'
  /** Latency over objective; null when unknown. */
  readonly ratio: number | null
  readonly because: string
  /** Changes with every new figure: the same is not acted on twice. */
  readonly revision: number
}

export type SloEvidence = {
  readonly objective: Objective | null
  readonly measured: LatencySample | null
  readonly measuredAgeMs: number
  /** A high percentile of the newest cycles. */
  readonly cycleUs: number | null
  readonly cyclesSeen: number
}

export function judgeSlo(evidence: SloEvidence, config: SharingConfig['slo']): SloVerdict {
  const { objective, measured, cycleUs } = evidence
  if (objective === null) return { kind: 'unknown', ratio: null, because: 'has no objective', revision: 0 }
  const isMeasured = measured !== null && measured.requests > 0 && evidence.measuredAgeMs <= config.freshMs
  const latencyMs = isMeasured ? measured.latencyMs : cycleUs === null ? null : cycleUs / 1000
  if (latencyMs === null || !Number.isFinite(latencyMs) || latencyMs < 0)
    return { kind: 'unknown', ratio: null, because: 'nobody has measured its latency', revision: 0 }
  const ratio = latencyMs / objective.latencyMs
  const because = isMeasured
    ? `p${objective.percentile} ${latencyMs.toFixed(1)} of ${objective.latencyMs} ms`
    : `its cycles take ${latencyMs.toFixed(1)} of ${objective.latencyMs} ms`
  // The percentile moves slowly: it is new after a good part of its window.
  const revision = isMeasured ? measured.revision : Math.floor(evidence.cyclesSeen / config.cyclesPerFigure)
  return { kind: kindOf(ratio, config), ratio, because, revision }
}

function kindOf(ratio: number, config: SharingConfig['slo']): SloVerdict['kind'] {
  if (ratio > config.emergency) return 'emergency'
  if (ratio < config.ample) return 'ample'
  return ratio < config.recovery ? 'recovery' : 'hold'
}

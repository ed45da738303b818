// How far a partition is, between wire and model.
import type {
  PartitionProgress as WireProgress,
  PartitionProgress__Output,
} from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import type { PartitionProgress } from '#control-plane/model/snapshot.ts'
import type { Checks } from './checks.ts'
import { fromWire, wirePhase } from './enums.ts'

export function decodeProgress(checks: Checks, field: string, wire: PartitionProgress__Output): PartitionProgress {
  const phase = fromWire(wirePhase, wire.phase)
  if (phase === null) checks.note(`${field}.phase`, `is ${wire.phase}; give a phase of this version`)
  const count = (name: string, value: number): number => checks.integer(`${field}.${name}`, value, { min: 0 })
  return {
    region: wire.region,
    phase: phase ?? 'starting',
    epoch: wire.epoch,
    samplesDone: count('samples_done', wire.samplesDone),
    samplesTotal: count('samples_total', wire.samplesTotal),
    steps: count('steps', wire.steps),
    loss: wire.loss,
    workers: wire.workers,
    rounds: count('rounds', wire.rounds),
    wanBytesSent: count('wan_bytes_sent', wire.wanBytesSent),
    modelHash: wire.modelHash === '' ? '' : checks.digest(`${field}.model_hash`, wire.modelHash),
    samplesPerSecond: wire.samplesPerSecond,
    leasesReturned: count('leases_returned', wire.leasesReturned),
  }
}

export function encodeProgress(progress: PartitionProgress): WireProgress {
  return { ...progress, phase: wirePhase[progress.phase] }
}

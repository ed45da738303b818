// How far a partition is, between wire and model.
import type {
  PartitionProgress as WireProgress,
  PartitionProgress__Output,
} from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import type { SyncProgress__Output } from '#proto/generated/cloudless/v1/SyncProgress.ts'
import type { PartitionProgress, SyncProgress } from '#control-plane/model/snapshot.ts'
import type { Checks } from './checks.ts'
import { wireConfig as config } from './config.ts'
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
    ...workerSpeeds(checks, `${field}.worker_speeds`, wire.workerSpeeds),
    sync: wire.sync === null ? null : decodeSync(checks, `${field}.sync`, wire.sync),
  }
}

/** Left out where nobody tells, so that what is stored of many partitions stays small. */
function workerSpeeds(
  checks: Checks,
  field: string,
  wire: Readonly<Record<string, number>>,
): Pick<PartitionProgress, 'workerSpeeds'> {
  const speeds = checks
    .list(field, Object.entries(wire), config.workerSpeedsMax)
    .map(([id, speed]) => [checks.name(field, id, config.idCharactersMax), checks.amount(field, speed)] as const)
  return speeds.length === 0 ? {} : { workerSpeeds: Object.fromEntries(speeds) }
}

function decodeSync(checks: Checks, field: string, wire: SyncProgress__Output): SyncProgress {
  const count = (name: string, value: number): number => checks.integer(`${field}.${name}`, value, { min: 0 })
  const region = (name: string, value: string): string =>
    checks.text(`${field}.${name}`, value, config.regionCharactersMax)
  const refused = checks.list(`${field}.refused`, Object.entries(wire.refused), config.refusalsMax)
  return {
    planVersion: count('plan_version', wire.planVersion),
    interval: wire.interval,
    codec: region('codec', wire.codec),
    fragments: wire.fragments,
    committedRound: count('committed_round', wire.committedRound),
    hub: region('hub', wire.hub),
    term: count('term', wire.term),
    hears: checks.list(`${field}.hears`, wire.hears, config.membersMax).map((each) => region('hears', each)),
    stepSeconds: checks.amount(`${field}.step_seconds`, wire.stepSeconds),
    stallShare: checks.amount(`${field}.stall_share`, wire.stallShare),
    reason: wire.reason.slice(0, config.reasonCharactersMax).replaceAll('\0', ''),
    links: checks.list(`${field}.links`, wire.links, config.membersMax).map((link, i) => ({
      fromRegion: region(`links[${i}].from_region`, link.fromRegion),
      mbitPerSecond: checks.amount(`${field}.links[${i}].mbit_per_second`, link.mbitPerSecond),
      roundTripMs: checks.amount(`${field}.links[${i}].round_trip_ms`, link.roundTripMs),
    })),
    lateCarried: count('late_carried', wire.lateCarried),
    lateDropped: count('late_dropped', wire.lateDropped),
    refused: Object.fromEntries(
      refused.map(([why, times]) => [why.slice(0, config.textCharactersMax), count('refused', times)]),
    ),
  }
}

export function encodeProgress(progress: PartitionProgress): WireProgress {
  const { sync } = progress
  return {
    ...progress,
    workerSpeeds: { ...progress.workerSpeeds },
    phase: wirePhase[progress.phase],
    sync: sync === null ? null : { ...sync, hears: [...sync.hears], links: [...sync.links] },
  }
}

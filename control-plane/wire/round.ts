// Rounds between wire and model.
import type { Round as WireRound, Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import type { RoundTotals as WireTotals } from '#proto/generated/cloudless/v1/RoundTotals.ts'
import type { Round, RoundTotals } from '#control-plane/model/history.ts'
import type { Checks } from './checks.ts'
import { wireConfig as config } from './config.ts'

/** A round as its own region reported it: always one, whatever the message says it stands for. */
export function decodeRound(checks: Checks, wire: Round__Output, region: string): Round {
  const count = (name: string, value: number): number => checks.integer(`round.${name}`, value, { min: 0 })
  const name = (field: string, value: string): string =>
    checks.text(`round.${field}`, value, config.regionCharactersMax)
  const absent = decodeAbsent(checks, wire.absent)
  return {
    jobId: wire.jobId,
    region,
    number: count('number', wire.number),
    round: count('round', wire.round),
    members: checks.list('round.members', wire.members, config.membersMax).map((member) => name('members', member)),
    bytesSent: count('bytes_sent', wire.bytesSent),
    bytesReceived: count('bytes_received', wire.bytesReceived),
    seconds: checks.amount('round.seconds', wire.seconds),
    exchangeSeconds: checks.amount('round.exchange_seconds', wire.exchangeSeconds),
    atMs: count('at_ms', wire.atMs),
    replicaHash: wire.replicaHash === '' ? '' : checks.digest('round.replica_hash', wire.replicaHash),
    absent,
    // A sum of shares may be above one by its rounding.
    excludedDataShare: Math.min(1, checks.amount('round.excluded_data_share', wire.excludedDataShare, 1.000_001)),
    fragment: wire.fragment,
    // 0 is what a parameter server says that knows no fragments.
    fragments: Math.max(1, wire.fragments),
    codec: name('codec', wire.codec),
    steps: count('steps', wire.steps),
    samples: count('samples', wire.samples),
    stallSeconds: checks.amount('round.stall_seconds', wire.stallSeconds),
    stalenessSteps: count('staleness_steps', wire.stalenessSteps),
    codecError: checks.amount('round.codec_error', wire.codecError),
    planVersion: count('plan_version', wire.planVersion),
    hub: name('hub', wire.hub),
    term: count('term', wire.term),
    loss: wire.loss,
    fraction: checks.amount('round.fraction', wire.fraction),
    rounds: 1,
    firstNumber: wire.number,
    firstRound: wire.round,
    absentRounds: Object.fromEntries(Object.keys(absent).map((each) => [each, 1])),
  }
}

function decodeAbsent(checks: Checks, wire: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = checks.list('round.absent', Object.entries(wire), config.membersMax)
  return Object.fromEntries(
    entries.map(([region, why]) => [
      checks.name('round.absent', region, config.regionCharactersMax),
      why.slice(0, config.reasonCharactersMax).replaceAll('\0', ''),
    ]),
  )
}

export function encodeRound(round: Round): WireRound {
  // A mean of merged rounds need not be whole, but the field is.
  return { ...round, members: [...round.members], stalenessSteps: Math.round(round.stalenessSteps) }
}

export function encodeRoundTotals(totals: RoundTotals): WireTotals {
  return { ...totals, last: encodeRound(totals.last) }
}

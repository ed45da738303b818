// A job may make tens of thousands of rounds (asgd one every step), and a curve needs a few hundred points. Once a region
// has more records than are kept, neighbours are merged so that the whole course keeps about the same resolution and
// the newest stay as they were. Sums stay sums: the totals over what is kept are those of all that was reported.
import type { Round, RoundTotals } from '#control-plane/model/history.ts'

export type Keep = {
  /** Merging brings a region's records down to at most this. */
  readonly records: number
  /** The newest, which are never merged. */
  readonly newest: number
}

/** `rounds` of one region in ascending order; the same course in at most `keep.records` records. */
export function mergeOldRounds(rounds: readonly Round[], keep: Keep): readonly Round[] {
  const old = rounds.slice(0, Math.max(0, rounds.length - keep.newest))
  const newest = rounds.slice(old.length)
  let merged: readonly Round[] = old
  // Twice the weight for as long as needed: records of before and of now end up with nearly the same weight.
  for (let weightMax = 2; merged.length > Math.max(1, keep.records - newest.length); weightMax *= 2)
    merged = mergeUpTo(old, weightMax)
  return [...merged, ...newest]
}

function mergeUpTo(rounds: readonly Round[], weightMax: number): readonly Round[] {
  const merged: Round[] = []
  for (const round of rounds) {
    const before = merged.at(-1)
    if (before === undefined || before.rounds + round.rounds > weightMax) merged.push(round)
    else merged[merged.length - 1] = mergeRounds(before, round)
  }
  return merged
}

/** Two neighbours of one region, `a` before `b`, as one record. */
export function mergeRounds(a: Round, b: Round): Round {
  const rounds = a.rounds + b.rounds
  const mean = (first: number, second: number): number => (first * a.rounds + second * b.rounds) / rounds
  return {
    ...b,
    firstNumber: a.firstNumber,
    firstRound: a.firstRound,
    rounds,
    members: [...new Set([...a.members, ...b.members])].sort(),
    bytesSent: a.bytesSent + b.bytesSent,
    bytesReceived: a.bytesReceived + b.bytesReceived,
    seconds: a.seconds + b.seconds,
    exchangeSeconds: a.exchangeSeconds + b.exchangeSeconds,
    absent: { ...a.absent, ...b.absent },
    absentRounds: addCounts(a.absentRounds, b.absentRounds),
    excludedDataShare: mean(a.excludedDataShare, b.excludedDataShare),
    steps: a.steps + b.steps,
    samples: a.samples + b.samples,
    stallSeconds: a.stallSeconds + b.stallSeconds,
    stalenessSteps: mean(a.stalenessSteps, b.stalenessSteps),
    codecError: mean(a.codecError, b.codecError),
  }
}

function addCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const regions = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return Object.fromEntries(regions.map((region) => [region, (a[region] ?? 0) + (b[region] ?? 0)]))
}

/** The totals with one more round; `totals` is null before a region's first. */
export function addRound(totals: RoundTotals | null, round: Round): RoundTotals {
  const before = totals ?? noRounds
  const rounds = before.rounds + round.rounds
  return {
    region: round.region,
    rounds,
    bytesSent: before.bytesSent + round.bytesSent,
    bytesReceived: before.bytesReceived + round.bytesReceived,
    seconds: before.seconds + round.seconds,
    exchangeSeconds: before.exchangeSeconds + round.exchangeSeconds,
    stallSeconds: before.stallSeconds + round.stallSeconds,
    steps: before.steps + round.steps,
    samples: before.samples + round.samples,
    incompleteRounds: before.incompleteRounds + (Object.keys(round.absent).length > 0 ? round.rounds : 0),
    excludedDataShare: (before.excludedDataShare * before.rounds + round.excludedDataShare * round.rounds) / rounds,
    last: totals !== null && totals.last.number > round.number ? totals.last : round,
  }
}

const noRounds = {
  rounds: 0,
  bytesSent: 0,
  bytesReceived: 0,
  seconds: 0,
  exchangeSeconds: 0,
  stallSeconds: 0,
  steps: 0,
  samples: 0,
  incompleteRounds: 0,
  excludedDataShare: 0,
}

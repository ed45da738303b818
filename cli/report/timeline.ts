// Who took part when: a row per region, time cut into bins. A region is in by its own records and absent by those of the
// others, because one that is cut off can tell nobody.
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { firstRound, lastRound, weight } from '../render/rounds.ts'
import { reportConfig } from './config.ts'
import { absentIn } from './regions.ts'

export type TimelineRow = { readonly region: string; readonly spans: readonly Span[] }

/** Neighbouring bins that say the same; `none` is time without a round. */
export type Span = {
  readonly kind: 'in' | 'partly' | 'absent' | 'none'
  readonly fromSeconds: number
  readonly toSeconds: number
  readonly rounds: number
  readonly absentRounds: number
  readonly why: string
}

export function timelineOf(
  rounds: readonly Round__Output[],
  regions: readonly string[],
  startMs: number,
  endMs: number,
): readonly TimelineRow[] {
  if (endMs <= startMs) return []
  const binMs = (endMs - startMs) / reportConfig.timelineBins
  const timed = withTimes(rounds)
  return regions.map((region) => {
    const bins = Array.from({ length: reportConfig.timelineBins }, emptyBin)
    for (const told of timed) fill(bins, told, region, startMs, binMs)
    return { region, spans: joinBins(bins, binMs / 1000) }
  })
}

type Timed = { readonly round: Round__Output; readonly fromMs: number }

/**
 * Between two rounds in a row a region is in as well, so a record reaches back to the one before. Where rounds are
 * missing in between it reaches back as long as it says.
 */
function withTimes(rounds: readonly Round__Output[]): readonly Timed[] {
  return [...Map.groupBy(rounds, ({ region }) => region).values()].flatMap((own) =>
    own.map((round, i): Timed => {
      const before = own[i - 1]
      const follows = before !== undefined && lastRound(before) + 1 === firstRound(round)
      return { round, fromMs: follows ? before.atMs : round.atMs - round.seconds * 1000 }
    }),
  )
}

type Bin = { inRounds: number; readonly absentBy: Map<string, number>; why: string }

function emptyBin(): Bin {
  return { inRounds: 0, absentBy: new Map(), why: '' }
}

function fill(bins: Bin[], { round, fromMs }: Timed, region: string, startMs: number, binMs: number): void {
  const bin = (atMs: number): number => Math.min(bins.length - 1, Math.max(0, Math.floor((atMs - startMs) / binMs)))
  const absent = absentIn(round, region)
  if (round.region !== region && absent === 0) return
  for (let at = bin(fromMs); at <= bin(round.atMs); at++) {
    const target = bins[at]!
    if (round.region === region) target.inRounds += weight(round) - absent
    if (absent === 0) continue
    target.absentBy.set(round.region, (target.absentBy.get(round.region) ?? 0) + absent)
    target.why = round.absent[region] ?? ''
  }
}

function joinBins(bins: readonly Bin[], binSeconds: number): readonly Span[] {
  const spans: Span[] = []
  for (const [i, { inRounds, absentBy, why }] of bins.entries()) {
    // Several regions saw the same absence.
    const absentRounds = Math.max(0, ...absentBy.values())
    const kind = kindOf(inRounds, absentRounds)
    const before = spans.at(-1)
    if (before?.kind === kind && before.why === why)
      spans[spans.length - 1] = {
        ...before,
        toSeconds: (i + 1) * binSeconds,
        rounds: before.rounds + inRounds,
        absentRounds: before.absentRounds + absentRounds,
      }
    else
      spans.push({
        kind,
        fromSeconds: i * binSeconds,
        toSeconds: (i + 1) * binSeconds,
        rounds: inRounds,
        absentRounds,
        why,
      })
  }
  return spans
}

function kindOf(inRounds: number, absentRounds: number): Span['kind'] {
  if (inRounds > 0 && absentRounds > 0) return 'partly'
  if (absentRounds > 0) return 'absent'
  return inRounds > 0 ? 'in' : 'none'
}

// How far a region has come: what it accepted last, or else what it applied. Whoever is behind is not elected.
import type { Proposal } from './types.ts'

export type EndOfLog = {
  readonly accepted: Proposal | null
  readonly committedTerm: number
  readonly committedRound: number
}

/** The candidate has applied or accepted less than the other. */
export function isBehind(candidate: EndOfLog, other: EndOfLog): boolean {
  const [term, round] = endOf(candidate)
  const [otherTerm, otherRound] = endOf(other)
  return term < otherTerm || (term === otherTerm && round < otherRound)
}

function endOf({ accepted, committedTerm, committedRound }: EndOfLog): readonly [number, number] {
  return accepted === null ? [committedTerm, committedRound] : [accepted.term, accepted.round]
}

// Whose life is looked at in a tick: a few slots in turn, and at every tick those that hold others up, since a process that died in the
// middle of its work looks busy for ever. Pure.
import type { SlotReading } from './layout.ts'

export function slotsToCheck(
  readings: ReadonlyMap<number, Pick<SlotReading, 'isBusy' | 'lastLaunchNs'> | null>,
  fromSlot: number,
  nowNs: number,
  {
    suspectAfterMs,
    livenessChecksPerTick,
  }: { readonly suspectAfterMs: number; readonly livenessChecksPerTick: number },
): { readonly slots: ReadonlySet<number>; readonly nextFromSlot: number } {
  const taken = [...readings.keys()].sort((a, b) => a - b)
  const suspects = taken.filter((slot) => {
    const reading = readings.get(slot)
    return reading?.isBusy === true && nowNs - reading.lastLaunchNs > suspectAfterMs * 1e6
  })
  const from = taken.findIndex((slot) => slot >= fromSlot)
  const turn = (from === -1 ? taken : [...taken.slice(from), ...taken.slice(0, from)]).slice(0, livenessChecksPerTick)
  const isFull = turn.length === livenessChecksPerTick
  return {
    slots: new Set([...suspects.slice(0, livenessChecksPerTick), ...turn]),
    nextFromSlot: isFull ? turn.at(-1)! + 1 : 0,
  }
}

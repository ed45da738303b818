// What a process has done since the last look, from two readings of the lines that it writes. Processes may write anything:
// a counter that goes back counts as nothing done, one that leaps counts as what could have been done, and both are told.
// Pure: everything downstream may trust its numbers.
import { layoutConstants, type SlotReading } from './layout.ts'

export type Progress = {
  readonly reading: SlotReading
  /** Of the device's time, charged since the last look. */
  readonly spentNs: number
  readonly launches: number
  readonly waits: number
  readonly waitedNs: number
  /** Busy times that ended since the last look; only the newest four of more. */
  readonly cyclesUs: readonly number[]
  readonly cyclesEnded: number
  /** Set when a field is impossible; the sentence names it. */
  readonly nonsense: string | null
}

type Counter = 'spentNs' | 'launches' | 'waits' | 'waitedNs' | 'cycles'

/** More than this launched ahead between two looks is no honest figure: 60 s of the device. */
const spentNsMax = 60e9
const launchesMax = 1e8
const memoryMax = 2 ** 50
/** A minute: longer cycles are not told apart. */
const cycleUsMax = 60e6

/** `before` is null at the first look at this process: it then has done nothing yet. */
export function progress(before: SlotReading | null, now: SlotReading, nowNs: number, elapsedNs: number): Progress {
  const complaints: string[] = []
  const step = (field: Counter, most: number): number => {
    if (before === null) return 0
    const [was, is] = [before[field], now[field]]
    if (is < was) complaints.push(`${field} went back from ${was} to ${is}`)
    else if (is - was > most) complaints.push(`${field} leapt by ${is - was}`)
    return Math.min(Math.max(0, is - was), most)
  }
  const spentNs = step('spentNs', spentNsMax)
  const launches = step('launches', launchesMax)
  const waits = step('waits', launchesMax)
  // Several threads wait at once, so more may pass than the clock does.
  const waitedNs = step('waitedNs', Math.max(elapsedNs, 1e9) * 64)
  const cyclesEnded = step('cycles', launchesMax)
  const cyclesUs = newest(now, cyclesEnded).filter((us) => us > 0 && us <= cycleUsMax)
  for (const field of ['lastLaunchNs', 'busySinceNs', 'idleSinceNs'] as const)
    // Written after the clock was read here.
    if (now[field] > nowNs + 1e9) complaints.push(`${field} is ${now[field]}, in the future`)
  if (now.memoryBytes > memoryMax) complaints.push(`memoryBytes is ${now.memoryBytes}`)
  const nonsense = complaints.length === 0 ? null : complaints.join('; ')
  return { reading: honest(now, nowNs), spentNs, launches, waits, waitedNs, cyclesUs, cyclesEnded, nonsense }
}

/**
 * When what it launched must be done, as the barrier in the interposer reckons; null while it waits for its work itself (that
 * ends when the wait does) and where nothing is foreseen.
 */
export function queueDoneNs({ queueUs, lastLaunchNs }: SlotReading): number | null {
  if (queueUs === layoutConstants.queueWaitedFor || queueUs === 0) return null
  return lastLaunchNs + queueUs * 1050 + 200_000
}

/** Times that are not in the future and memory that a device may have. */
function honest(now: SlotReading, nowNs: number): SlotReading {
  const past = (ns: number): number => (ns > nowNs + 1e9 ? 0 : Math.min(ns, nowNs))
  return {
    ...now,
    lastLaunchNs: past(now.lastLaunchNs),
    busySinceNs: past(now.busySinceNs),
    idleSinceNs: past(now.idleSinceNs),
    communicatesSinceNs: past(now.communicatesSinceNs),
    hostGapNs: Math.min(now.hostGapNs, 3600e9),
    memoryBytes: now.memoryBytes > memoryMax ? 0 : now.memoryBytes,
  }
}

/** The ring's newest values, oldest first. */
function newest(now: SlotReading, ended: number): readonly number[] {
  const ring = layoutConstants.cycles
  const count = Math.min(ended, ring)
  return Array.from({ length: count }, (_, index) => now.cycleUs[(now.cycles - count + index) % ring] ?? 0)
}

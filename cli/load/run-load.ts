// Sends requests when they are due, whatever has become of those before (open loop), and counts what comes of them. A latency runs from
// when its request was due, not from when it was sent: what waits in this process waits for the server too, and leaving that out hides
// every stall ("coordinated omission", Gil Tene). What can not be sent, because too many are under way, is counted as that.
import type { Clock } from '#runtime/clock.ts'
import { LatencyHistogram } from './latency-histogram.ts'

/** The status of an answer, or why there was none. */
export type Outcome = { readonly status: number } | { readonly fault: string }

export type LoadOptions = {
  readonly clock: Clock
  readonly arrivals: Iterable<number>
  /** Never rejects. */
  readonly send: (signal: AbortSignal) => Promise<Outcome>
  readonly inFlightMax: number
  /** Null: any latency will do. */
  readonly sloMs: number | null
  readonly signal: AbortSignal
  readonly onProgress: (sofar: LoadResult) => void
  readonly progressEveryMs: number
}

/** A second of the load, by when its requests were due. */
export type LoadSecond = { due: number; answered: number; refused: number; failed: number; late: number }

export class LoadResult {
  /** Requests that were due; of these never sent. */
  due = 0
  unsent = 0
  inFlight = 0
  /** With 200, with 429, and otherwise. */
  answered = 0
  refused = 0
  failed = 0
  /** Answered, but over the objective. */
  late = 0
  /** From the beginning to the last answer. */
  seconds = 0
  readonly byOutcome = new Map<string, number>()
  /** Of what was answered with 200. */
  readonly latencies = new LatencyHistogram()
  /** How late requests were sent: what this process could not keep up with. */
  readonly sendDelays = new LatencyHistogram()
  readonly perSecond: LoadSecond[] = []

  /** Requests that did not get their answer in time, of all that were due; NaN before any was. */
  get missedShare(): number {
    return (this.unsent + this.refused + this.failed + this.late) / this.due
  }

  secondAt(atMs: number): LoadSecond {
    const at = Math.floor(atMs / 1000)
    while (this.perSecond.length <= at) this.perSecond.push({ due: 0, answered: 0, refused: 0, failed: 0, late: 0 })
    return this.perSecond[at]!
  }
}

const sentInRowMax = 32

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { clock, arrivals, inFlightMax, signal, onProgress, progressEveryMs } = options
  const result = new LoadResult()
  const beganMs = clock.monotonicMs()
  const elapsedMs = (): number => clock.monotonicMs() - beganMs
  let toldMs = 0
  const tell = (): void => {
    if (elapsedMs() - toldMs < progressEveryMs) return
    toldMs = elapsedMs()
    onProgress(result)
  }
  let allAnswered: (() => void) | null = null
  const finish = (dueMs: number, outcome: Outcome): void => {
    result.inFlight -= 1
    count(result, options, dueMs, elapsedMs() - dueMs, outcome)
    tell()
    if (result.inFlight === 0) allAnswered?.()
  }
  let inRow = 0
  for (const dueMs of arrivals) {
    // One that is behind must hear answers all the same, or it would take its own lateness for the server's.
    if (inRow >= sentInRowMax) {
      await clock.sleep(0, signal)
      inRow = 0
    }
    inRow += 1
    while (elapsedMs() < dueMs && !signal.aborted) {
      tell()
      await clock.sleep(Math.max(0, Math.min(dueMs - elapsedMs(), progressEveryMs)), signal)
      inRow = 0
    }
    if (signal.aborted) break
    result.due += 1
    result.secondAt(dueMs).due += 1
    if (result.inFlight >= inFlightMax) {
      result.unsent += 1
      result.secondAt(dueMs).failed += 1
      continue
    }
    result.inFlight += 1
    result.sendDelays.add(elapsedMs() - dueMs)
    void options.send(signal).then((outcome) => finish(dueMs, outcome))
  }
  if (result.inFlight > 0)
    await new Promise<void>((resolve) => {
      allAnswered = resolve
    })
  result.seconds = elapsedMs() / 1000
  return result
}

function count(result: LoadResult, { sloMs }: LoadOptions, dueMs: number, latencyMs: number, outcome: Outcome): void {
  const second = result.secondAt(dueMs)
  const name = 'status' in outcome ? String(outcome.status) : outcome.fault
  result.byOutcome.set(name, (result.byOutcome.get(name) ?? 0) + 1)
  if (!('status' in outcome) || (outcome.status !== 200 && outcome.status !== 429)) {
    result.failed += 1
    second.failed += 1
    return
  }
  if (outcome.status === 429) {
    result.refused += 1
    second.refused += 1
    return
  }
  result.answered += 1
  second.answered += 1
  result.latencies.add(latencyMs)
  if (sloMs === null || latencyMs <= sloMs) return
  result.late += 1
  second.late += 1
}

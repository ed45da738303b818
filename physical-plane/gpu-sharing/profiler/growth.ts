// Dilu's hybrid growth search (arXiv 2503.05130), mended: along a path through the plane of multiprocessors and batch it adds
// multiprocessors until the SLO is met, then doubles the batch while it is met, then adds again. It stops once efficacy fell by
// more than a relative tolerance and the next point did not mend it; the published one compares with an absolute number.
import { growthLookAhead, growthTolerance } from './config.ts'
import type { Goal } from './goal.ts'
import type { Grid } from './grid.ts'
import { costOf, type Configuration, type Measurement } from './measure.ts'

/** Walks with `measure`, which answers `undefined` once the budget is spent. */
export async function grow(
  grid: Grid,
  goal: Goal,
  measure: (configuration: Configuration) => Promise<Measurement | null | undefined>,
): Promise<void> {
  const { smMilli, batch } = grid
  const quotaMilli = grid.quotaMilli.at(-1)!
  const processes = grid.processes[0]!
  let sm = 0
  let size = 0
  let best = 0
  let falls = 0
  for (;;) {
    const configuration = { smMilli: smMilli[sm]!, batch: batch[size]!, quotaMilli, processes }
    const found = await measure(configuration)
    if (found === undefined) return
    if (found !== null && found.latencyMs <= goal.sloLatencyMs) {
      const efficacy = found.throughputPerSecond / costOf(configuration)
      falls = efficacy < best * (1 - growthTolerance) ? falls + 1 : 0
      best = Math.max(best, efficacy)
      if (falls > growthLookAhead) return
      if (size + 1 < batch.length) {
        size += 1
        continue
      }
    } else if (best > 0) {
      // It missed the SLO after one that met it: with more multiprocessors it may do.
      falls += 1
      if (falls > growthLookAhead) return
    }
    if (sm + 1 >= smMilli.length) return
    sm += 1
  }
}

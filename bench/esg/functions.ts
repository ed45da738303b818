// Functions with all that they could run as: batch x seventh parts of a GPU x processes on each.
import { a100Surfaces } from '../profiler/surfaces.ts'
import type { Configuration } from '#physical-plane/serving/pipelines/stage-configurations.ts'
import type { Random } from '#runtime/random.ts'

export type ProfiledConfiguration = Configuration & {
  readonly batch: number
  /** Seventh parts of a GPU. */
  readonly slices: number
}

export type ProfiledFunction = { readonly name: string; readonly configurations: readonly ProfiledConfiguration[] }

/** Of a seventh part of an A100 (ESG's, as remembered; only ratios matter). */
const usdPerSliceHour = 0.67
const migSlices = 7

export function sliceUsd(slices: number, ms: number): number {
  return (slices * usdPerSliceHour * ms) / 3_600_000
}

export function recordedFunctions(file: string, processesMax = Infinity): readonly ProfiledFunction[] {
  return a100Surfaces(file).map(({ model, surface, grid }) => ({
    name: model,
    configurations: grid.smMilli.flatMap((smMilli) =>
      grid.batch.flatMap((batch) =>
        grid.processes
          .filter((processes) => processes <= processesMax)
          .flatMap((processes) => {
            const measured = surface.at({ smMilli, quotaMilli: 1000, batch, processes })
            if (measured === null) return []
            const slices = Math.round((smMilli / 1000) * migSlices)
            // Each process answers a batch of its own in this time.
            const cost = sliceUsd(slices, measured.latencyMs) / (batch * processes)
            return [{ timeMs: measured.latencyMs, cost, batch: batch * processes, slices }]
          }),
      ),
    ),
  }))
}

/** Time grows with the batch and shrinks with the part of the GPU, each less than in proportion. */
export function madeUpFunctions(random: Random): readonly ProfiledFunction[] {
  return Array.from({ length: 11 }, (_, index) => {
    const oneMs = 5 + 20 * random.next()
    const [byBatch, bySlices] = [0.5 + 0.4 * random.next(), 0.4 + 0.4 * random.next()]
    const configurations = [1, 2, 4, 8, 16, 32, 64, 128, 256].flatMap((batch) =>
      [1, 2, 3, 4, 7].flatMap((slices) =>
        [1, 2, 3, 4, 5].map((processes) => {
          const timeMs =
            (oneMs * batch ** byBatch * processes ** 0.9 * (0.95 + 0.1 * random.next())) / slices ** bySlices
          return { timeMs, cost: sliceUsd(slices, timeMs) / (batch * processes), batch: batch * processes, slices }
        }),
      ),
    )
    return { name: `function-${index}`, configurations }
  })
}

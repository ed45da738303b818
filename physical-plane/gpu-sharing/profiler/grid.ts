// The configurations that a search may try: every combination of a few levels per axis.
import { invalid } from '#runtime/errors.ts'
import { gridPointsMax } from './config.ts'
import type { Configuration } from './measure.ts'

export type Grid = { readonly [Axis in keyof Configuration]: readonly number[] }

export const axes = ['smMilli', 'quotaMilli', 'batch', 'processes'] as const

/** What is tried unless told otherwise: shares in steps of 5 %, batches in powers of two, one process, all the time. */
export const plainGrid: Grid = {
  smMilli: Array.from({ length: 20 }, (_, step) => 50 * (step + 1)),
  quotaMilli: [1000],
  batch: [1, 2, 4, 8, 16, 32],
  processes: [1],
}

/** All configurations of the grid, the first axis slowest. Refuses levels that no GPU can be set to. */
export function configurationsOf(grid: Grid): readonly Configuration[] {
  for (const axis of axes) checkLevels(axis, grid[axis])
  const points = axes.reduce((product, axis) => product * grid[axis].length, 1)
  if (points > gridPointsMax)
    throw invalid([{ field: 'grid', description: `has ${points} points; make it at most ${gridPointsMax}` }])
  return grid.smMilli.flatMap((smMilli) =>
    grid.quotaMilli.flatMap((quotaMilli) =>
      grid.batch.flatMap((batch) => grid.processes.map((processes) => ({ smMilli, quotaMilli, batch, processes }))),
    ),
  )
}

export function keyOf({ smMilli, quotaMilli, batch, processes }: Configuration): string {
  return `${smMilli}/${quotaMilli}/${batch}/${processes}`
}

function checkLevels(axis: keyof Grid, levels: readonly number[]): void {
  const field = `grid.${axis}`
  if (levels.length === 0) throw invalid([{ field, description: 'has no level; give at least one' }])
  const most = axis.endsWith('Milli') ? 1000 : 65_536
  for (const [index, level] of levels.entries()) {
    if (!Number.isInteger(level) || level < 1 || level > most)
      throw invalid([{ field: `${field}[${index}]`, description: `${level} is not a whole number from 1 to ${most}` }])
    if (index > 0 && level <= levels[index - 1]!)
      throw invalid([{ field: `${field}[${index}]`, description: `${level} does not grow; sort the levels` }])
  }
}

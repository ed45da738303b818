// Every path within a time, cheapest first: what a search must agree with.
import type { Configuration } from './stage-configurations.ts'
import type { ChosenPath } from './esg.ts'

export function everyPath(stages: readonly (readonly Configuration[])[], targetMs: number): readonly ChosenPath[] {
  let paths: ChosenPath[] = [{ choices: [], timeMs: 0, cost: 0 }]
  for (const own of stages)
    paths = paths.flatMap((path) =>
      own.map(({ timeMs, cost }, choice) => ({
        choices: [...path.choices, choice],
        timeMs: path.timeMs + timeMs,
        cost: path.cost + cost,
      })),
    )
  return paths.filter(({ timeMs }) => timeMs <= targetMs).toSorted((a, b) => a.cost - b.cost)
}

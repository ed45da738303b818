// What a stage begins with when the search finds nothing in time, or nothing that busy GPUs can pay for.
//   fastest   as published (ESG, section 3.5 of the reference): who can not be in time any more takes what is quickest. Near saturation
//             that is what makes the next ones late, as the quickest takes the most of a GPU for the same work
//   thrifty   ours: who can not be in time takes what is cheapest, and leaves its room to those who still can be. And a path may cost so
//             many times the cheapest as capacity lets every request cost: one over the share of it that is in use. On idle GPUs that is
//             no bound and all is as published; the nearer to saturation, the less is paid for being quick
import { pipelinesConfig } from './config.ts'
import { cheapestPath, fastestPath, searchPrepared, type ChosenPath } from './esg.ts'
import type { StageConfigurations } from './stage-configurations.ts'

export type LateRule = 'fastest' | 'thrifty'

/**
 * Never empty, cheapest first. `busyShare`: of the capacity that the stages run on, from 0 to 1; `stages` are prepared for
 * `pipelinesConfig.answers` answers.
 */
export function pathsToBegin(
  stages: readonly StageConfigurations[],
  targetMs: number,
  busyShare: number,
  rule: LateRule,
): readonly ChosenPath[] {
  const { paths } = searchPrepared(stages, targetMs, { answers: pipelinesConfig.answers })
  if (rule === 'fastest') return paths.length > 0 ? paths : [fastestPath(stages)]
  const cheapest = cheapestPath(stages)
  const most = busyShare <= 0 ? Infinity : cheapest.cost / Math.min(1, busyShare)
  const affordable = paths.filter(({ cost }) => cost <= most)
  return affordable.length > 0 ? affordable : [cheapest]
}

// The best value that any plan of a small problem has, by forecasting every one of them.
import type { Exchange } from '#control-plane/model/plan.ts'
import { isAllowed, valueOf, type Goal } from '#control-plane/scheduler/least-cost/goal.ts'
import { everyPlan } from '#control-plane/scheduler/least-cost/random-problem.fixture.ts'
import type { JobProblem } from '#control-plane/scheduler/problem.ts'

const anything = { secondsMax: Number.POSITIVE_INFINITY, usdMax: Number.POSITIVE_INFINITY }

/** What the job's objective asks for, with the fastest plan found by brute force too. */
export function goalOf(problem: JobProblem): Goal {
  const { objective } = problem
  if (objective.kind === 'least-time') return { ...anything, minimise: 'seconds' }
  if (objective.kind === 'deadline') return { ...anything, minimise: 'usd', secondsMax: objective.atMs / 1000 }
  const fastest = bruteForce(problem, { ...anything, minimise: 'seconds' }, problem.exchanges.at(-1)!)
  return { ...anything, minimise: 'usd', secondsMax: fastest * (1 + objective.slack) }
}

/** With every hub; infinite where no plan is allowed. */
export function bruteForce(problem: JobProblem, goal: Goal, exchange: Exchange | null): number {
  let best = Number.POSITIVE_INFINITY
  for (const partitions of everyPlan(problem)) {
    const hubs = exchange === null ? [null] : partitions.map(({ place }) => ({ ...exchange, hub: place }))
    for (const hub of hubs) {
      const forecast = problem.estimate({ partitions, exchange: hub })
      if (isAllowed(goal, forecast)) best = Math.min(best, valueOf(goal, forecast))
    }
  }
  return best
}

/** Whether there are no more plans than that. */
export function hasAtMost(problem: JobProblem, plansMax: number): boolean {
  return everyPlan(problem).drop(plansMax).next().done === true
}

// ESG's search (HPDC'24; bounds as reconstructed in our reference, section 3.3): the cheapest ways to run a chain of stages within a
// time, one configuration a stage. A* over partial paths by the least that they can still cost, with two blades:
//   time   a path is cut when even its fastest completion is too late
//   cost   a path is cut when the least that it can cost is above the k-th cheapest completion known. The fastest completion of a path
//          that the time blade left is in time, so its cost is one that can be had
// A third bound is ours: `relaxed` (relaxed-costs.ts) sees how little time is left, and makes sixty times fewer nodes of long chains.
// All cut strictly, so ties stay. Equal bounds: the longer path first, then the quicker, then the earlier made; children are made slowest first.
// Answers are exact and in order of cost; `isExact` is false only where the search ran into its limit on nodes.
import { pipelinesConfig } from './config.ts'
import { Frontier } from './frontier.ts'
import { relaxedCost, relaxedCosts } from './relaxed-costs.ts'
import { prepareStages, type Configuration, type StageConfigurations } from './stage-configurations.ts'

export type ChosenPath = {
  /** By stage: the configuration's place in what was given. */
  readonly choices: readonly number[]
  readonly timeMs: number
  readonly cost: number
}

export type SearchResult = {
  /** Cheapest first; none: even the fastest of everything is too slow. */
  readonly paths: readonly ChosenPath[]
  /** Partial paths that were made, and of these cut by each blade at once. */
  readonly generated: number
  readonly timeCut: number
  readonly costCut: number
  readonly isExact: boolean
}

export type Blades = { readonly time: boolean; readonly cost: boolean; readonly relaxed: boolean }

export type SearchOptions = {
  readonly answers?: number
  /** Speed only; the answer is the same without any of them. */
  readonly blades?: Blades
  readonly nodesMax?: number
}

export function searchPaths(
  stages: readonly (readonly Configuration[])[],
  targetMs: number,
  options: SearchOptions = {},
): SearchResult {
  const answers = options.answers ?? pipelinesConfig.answers
  return searchPrepared(prepareStages(stages, answers), targetMs, { ...options, answers })
}

/** Of stages that were prepared for at least so many answers; they are not changed, so they can be searched again with another target. */
export function searchPrepared(
  stages: readonly StageConfigurations[],
  targetMs: number,
  options: SearchOptions = {},
): SearchResult {
  const { answers = pipelinesConfig.answers, nodesMax = pipelinesConfig.nodesMax } = options
  const blades = options.blades ?? { time: true, cost: true, relaxed: true }
  const { timeAfter, costAfter, fastestAfter } = suffixSums(stages)
  const none: SearchResult = { paths: [], generated: 0, timeCut: 0, costCut: 0, isExact: true }
  if (stages.length === 0 || timeAfter[0]! > targetMs) return none
  const relaxed = relaxedCosts(stages)
  const frontier = new Frontier()
  const reachable = new LowestCosts(answers)
  reachable.add(fastestAfter[0]!)
  frontier.push(-1, -1, 0, 0, 0, costAfter[0]!)
  const found: number[] = []
  let [generated, timeCut, costCut] = [0, 0, 0]
  let isExact = true
  while (found.length < answers) {
    const node = frontier.pop()
    // What is left is dearer than what was found or can be had.
    if (node < 0 || (blades.cost && frontier.bounds[node]! > reachable.highest)) break
    const depth = frontier.depths[node]!
    const [time, cost] = [frontier.times[node]!, frontier.costs[node]!]
    if (depth === stages.length) {
      if (time <= targetMs) found.push(node)
      continue
    }
    const { times, costs } = stages[depth]!
    const [timeLeft, costLeft, fastestLeft] = [timeAfter[depth + 1]!, costAfter[depth + 1]!, fastestAfter[depth + 1]!]
    generated += times.length
    if (frontier.nodes + times.length > nodesMax) {
      isExact = false
      break
    }
    let at = times.length - 1
    if (blades.time) {
      // The later in the list, the slower.
      while (at >= 0 && time + times[at]! + timeLeft > targetMs) at -= 1
      timeCut += times.length - 1 - at
    }
    const least = relaxed[depth + 1]!
    let corner = 0
    for (; at >= 0; at -= 1) {
      const [childTime, childCost] = [time + times[at]!, cost + costs[at]!]
      let bound = childCost + costLeft
      if (blades.relaxed) {
        const left = targetMs - childTime
        // The children become quicker, so what is left only grows.
        while (corner + 1 < least.times.length && least.times[corner + 1]! <= left) corner += 1
        bound = Math.max(bound, childCost + relaxedCost(least, left, corner))
      }
      if (blades.cost && bound > reachable.highest) {
        costCut += 1
        continue
      }
      // With the fastest configuration its completion is its parent's.
      if (at > 0 && childTime + timeLeft <= targetMs) reachable.add(childCost + fastestLeft)
      frontier.push(node, at, depth + 1, childTime, childCost, bound)
    }
  }
  const paths = found.map((node) => pathTo(node, frontier, stages))
  if (!isExact && paths.length === 0) paths.push(fastestPath(stages))
  return { paths, generated, timeCut, costCut, isExact }
}

/** Best effort, for where no path is in time. */
export function fastestPath(stages: readonly StageConfigurations[]): ChosenPath {
  return {
    choices: stages.map(({ given }) => given[0]!),
    timeMs: stages.reduce((sum, { times }) => sum + times[0]!, 0),
    cost: stages.reduce((sum, { costs }) => sum + costs[0]!, 0),
  }
}

/** Whatever time it takes; of equally cheap ones the quickest. */
export function cheapestPath(stages: readonly StageConfigurations[]): ChosenPath {
  const places = stages.map(({ costs }) => costs.indexOf(Math.min(...costs)))
  return {
    choices: places.map((place, stage) => stages[stage]!.given[place]!),
    timeMs: places.reduce((sum, place, stage) => sum + stages[stage]!.times[place]!, 0),
    cost: places.reduce((sum, place, stage) => sum + stages[stage]!.costs[place]!, 0),
  }
}

/** At k, of the stages from k on: the least time, the least cost, and the cost of the fastest configurations. */
function suffixSums(stages: readonly StageConfigurations[]): {
  readonly timeAfter: Float64Array
  readonly costAfter: Float64Array
  readonly fastestAfter: Float64Array
} {
  const sums = (of: (stage: StageConfigurations) => number): Float64Array => {
    const after = new Float64Array(stages.length + 1)
    for (let at = stages.length - 1; at >= 0; at -= 1) after[at] = after[at + 1]! + of(stages[at]!)
    return after
  }
  return {
    timeAfter: sums(({ times }) => times[0]!),
    costAfter: sums(({ costs }) => costs.reduce((least, cost) => Math.min(least, cost), Infinity)),
    fastestAfter: sums(({ costs }) => costs[0]!),
  }
}

function pathTo(node: number, frontier: Frontier, stages: readonly StageConfigurations[]): ChosenPath {
  const choices: number[] = []
  for (let at = node; frontier.depths[at]! > 0; at = frontier.parents[at]!)
    choices.unshift(stages[frontier.depths[at]! - 1]!.given[frontier.choices[at]!]!)
  return { choices, timeMs: frontier.times[node]!, cost: frontier.costs[node]! }
}

/** The lowest few of the costs that were added. */
class LowestCosts {
  /** Ascending; infinite where there are not so many yet. */
  readonly #costs: Float64Array

  constructor(count: number) {
    this.#costs = new Float64Array(count).fill(Infinity)
  }

  get highest(): number {
    return this.#costs[this.#costs.length - 1]!
  }

  add(cost: number): void {
    const costs = this.#costs
    let at = costs.length - 1
    if (cost >= costs[at]!) return
    for (; at > 0 && costs[at - 1]! > cost; at -= 1) costs[at] = costs[at - 1]!
    costs[at] = cost
  }
}

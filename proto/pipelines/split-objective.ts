// One objective of a pipeline, split over its stages in proportion to how long they take (ESG, section 3.4 of the reference: average
// normalised lengths over the dominator tree; our formulation). Stages that every path passes make a chain; what lies between two of
// them is a block of branches side by side, as long as its longest branch. The chain's parts get the objective in proportion, and each
// branch of a block the whole block's. Every path then adds up to at most the objective, and one to exactly that.
// Where branches are tangled so that no stage is on all of their paths, a stage gets its part of the longest path through it.
import { assert } from '#runtime/assert.ts'
import { stageGraph, type Stage, type StageGraph } from './stage-graph.ts'

/** Functions whose configurations are searched for together, at most: bounds the search (ESG's G). */
export const groupStagesMax = 3

/** Stages one right after the other in one chain. */
export type StageGroup = {
  readonly stages: readonly string[]
  readonly budgetMs: number
  /** From the request's arrival: when its last stage has answered if all keep to their budgets. */
  readonly endsAtMs: number
}

export type ObjectiveSplit = {
  readonly budgetMs: ReadonlyMap<string, number>
  readonly groupOf: ReadonlyMap<string, StageGroup>
}

type Part = { readonly length: number } & (
  | { readonly kind: 'stage'; readonly stage: number }
  | { readonly kind: 'block'; readonly branches: readonly Branch[] }
)
type Branch =
  | { readonly kind: 'chain'; readonly parts: readonly Part[]; readonly length: number }
  /** Without a stage that is on all of its paths. */
  | { readonly kind: 'tangle'; readonly stages: readonly number[]; readonly length: number }

/** `lengths` says for each stage how long it is against the others, as averageLengths does. */
export function splitObjective(
  stages: readonly Stage[],
  lengths: ReadonlyMap<string, number>,
  objectiveMs: number,
): ObjectiveSplit {
  const graph = stageGraph(stages)
  const lengthOf = graph.names.map((name) => lengths.get(name) ?? Number.NaN)
  assert(
    lengthOf.every((length) => length > 0 && Number.isFinite(length)),
    `lengths that are not all positive: ${graph.names.map((name, at) => `${name} ${lengthOf[at]}`).join(', ')}`,
  )
  const budgets: number[] = []
  const groups: StageGroup[] = []
  spread(branchOf(graph, lengthOf, graph.order), { graph, lengthOf, budgets, groups }, 0, objectiveMs)
  return {
    budgetMs: new Map(graph.names.map((name, place) => [name, budgets[place]!])),
    groupOf: new Map(groups.flatMap((group) => group.stages.map((name) => [name, group] as const))),
  }
}

/**
 * Of each stage, the mean over configurations of its part of all stages' time under that configuration; they add up to 1. All stages have
 * the same number of configurations, in the same order.
 */
export function averageLengths(times: readonly (readonly number[])[]): readonly number[] {
  const configurations = times[0]?.length ?? 0
  assert(
    configurations > 0 && times.every((own) => own.length === configurations),
    'stages with different configurations',
  )
  const sums = Array.from({ length: configurations }, (_, at) => times.reduce((sum, own) => sum + own[at]!, 0))
  return times.map((own) => own.reduce((sum, time, at) => sum + time / sums[at]!, 0) / configurations)
}

/** Times of functions that were measured at different points, as `averageLengths` takes them: each at the same quantiles of its own, slowest first. */
export function alignedTimes(times: readonly (readonly number[])[], quantiles = 8): readonly (readonly number[])[] {
  return times.map((own) => {
    assert(own.length > 0, 'a stage without times')
    const sorted = own.toSorted((a, b) => b - a)
    const last = sorted.length - 1
    return Array.from({ length: quantiles }, (_, at) => sorted[Math.round((last * at) / Math.max(1, quantiles - 1))]!)
  })
}

/** `within` in topological order and in one piece. */
function branchOf(graph: StageGraph, lengthOf: readonly number[], within: readonly number[]): Branch {
  // In a graph without edges that a longer path makes needless, a stage is on every path exactly where all others are before or after it.
  const { allBefore } = graph
  const isBefore = (one: number, other: number): boolean => allBefore[other]!.has(one)
  const chain = within.filter((one) =>
    within.every((other) => one === other || isBefore(one, other) || isBefore(other, one)),
  )
  if (chain.length === 0)
    return { kind: 'tangle', stages: within, length: Math.max(...longestThrough(graph, lengthOf, within).values()) }
  const parts: Part[] = []
  for (const [index, stage] of [...chain, null].entries()) {
    const last = chain[index - 1]
    const between = within.filter(
      (one) =>
        !chain.includes(one) && (last === undefined || isBefore(last, one)) && (stage === null || isBefore(one, stage)),
    )
    if (between.length > 0) parts.push(blockOf(graph, lengthOf, between))
    if (stage !== null) parts.push({ kind: 'stage', stage, length: lengthOf[stage]! })
  }
  return { kind: 'chain', parts, length: parts.reduce((sum, { length }) => sum + length, 0) }
}

function blockOf(graph: StageGraph, lengthOf: readonly number[], within: readonly number[]): Part {
  const branches = pieces(graph, within).map((piece) => branchOf(graph, lengthOf, piece))
  return { kind: 'block', branches, length: Math.max(...branches.map(({ length }) => length)) }
}

/** What no edge joins is apart; each in topological order, as `within` is. */
function pieces(graph: StageGraph, within: readonly number[]): readonly (readonly number[])[] {
  const pieceOf = new Map(within.map((stage) => [stage, stage]))
  for (const stage of within)
    for (const one of graph.before[stage]!) {
      const [from, to] = [pieceOf.get(stage)!, pieceOf.get(one)]
      if (to !== undefined) for (const [each, piece] of pieceOf) if (piece === from) pieceOf.set(each, to)
    }
  return [...Map.groupBy(within, (stage) => pieceOf.get(stage)!).values()]
}

type Spread = {
  readonly graph: StageGraph
  readonly lengthOf: readonly number[]
  readonly budgets: number[]
  readonly groups: StageGroup[]
}

function spread(branch: Branch, to: Spread, fromMs: number, budgetMs: number): void {
  if (branch.kind === 'tangle') return spreadTangle(branch.stages, to, fromMs, budgetMs)
  let atMs = fromMs
  let run: number[] = []
  const closeRun = (): void => {
    if (run.length > 0) to.groups.push(groupOf(run, to, atMs))
    run = []
  }
  for (const part of branch.parts) {
    const partMs = (budgetMs * part.length) / branch.length
    if (part.kind === 'block') {
      closeRun()
      for (const inner of part.branches) spread(inner, to, atMs, partMs)
      atMs += partMs
      continue
    }
    if (run.length === groupStagesMax) closeRun()
    to.budgets[part.stage] = partMs
    run.push(part.stage)
    atMs += partMs
  }
  closeRun()
}

function groupOf(run: readonly number[], { graph, budgets }: Spread, endsAtMs: number): StageGroup {
  const stages = run.map((stage) => graph.names[stage]!)
  return { stages, budgetMs: run.reduce((sum, stage) => sum + budgets[stage]!, 0), endsAtMs }
}

function spreadTangle(stages: readonly number[], to: Spread, fromMs: number, budgetMs: number): void {
  const { graph, lengthOf, budgets, groups } = to
  const through = longestThrough(graph, lengthOf, stages)
  const endsAtMs = new Map<number, number>()
  for (const stage of stages) {
    budgets[stage] = (budgetMs * lengthOf[stage]!) / through.get(stage)!
    const beginsAtMs = Math.max(fromMs, ...graph.before[stage]!.map((one) => endsAtMs.get(one) ?? fromMs))
    endsAtMs.set(stage, beginsAtMs + budgets[stage])
    groups.push(groupOf([stage], to, endsAtMs.get(stage)!))
  }
}

/** The length of the longest path through each stage, of those inside only. */
function longestThrough(
  { before, next }: StageGraph,
  lengthOf: readonly number[],
  within: readonly number[],
): ReadonlyMap<number, number> {
  const longest = (order: readonly number[], beside: StageGraph['before']): Map<number, number> => {
    const until = new Map<number, number>()
    for (const stage of order) {
      const longestBeside = Math.max(0, ...beside[stage]!.map((one) => until.get(one) ?? 0))
      until.set(stage, longestBeside + lengthOf[stage]!)
    }
    return until
  }
  const head = longest(within, before)
  const tail = longest(within.toReversed(), next)
  return new Map(within.map((stage) => [stage, head.get(stage)! + tail.get(stage)! - lengthOf[stage]!]))
}

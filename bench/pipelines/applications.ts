// Four pipelines of recorded functions, as ESG was measured with: chains of three and four stages, a diamond, and one of five.
import { averageLengths, alignedTimes, splitObjective, type ObjectiveSplit } from '#proto/pipelines/split-objective.ts'
import { stageGraph, type Stage, type StageGraph } from '#proto/pipelines/stage-graph.ts'
import { assert } from '#runtime/assert.ts'
import type { ProfiledConfiguration, ProfiledFunction } from '../esg/functions.ts'

export type Application = {
  readonly name: string
  readonly graph: StageGraph
  readonly functions: readonly ProfiledFunction[]
  readonly objectiveMs: number
  readonly split: ObjectiveSplit
  /** All of a job's time on one slice, stage after stage, at the minimum configuration. */
  readonly minimumSliceMs: number
}

const shapes: readonly {
  readonly name: string
  readonly stages: readonly (readonly [string, string, readonly string[]])[]
}[] = [
  {
    name: 'classify',
    stages: [
      ['a', 'mobilenetv2', []],
      ['b', 'resnet50', ['a']],
      ['c', 'bert', ['b']],
    ],
  },
  {
    name: 'inspect',
    stages: [
      ['a', 'resnet101', []],
      ['b', 'vgg16', ['a']],
      ['c', 'densenet121', ['b']],
      ['d', 'mobilenetv2', ['c']],
    ],
  },
  {
    name: 'compare',
    stages: [
      ['a', 'resnet50', []],
      ['b', 'densenet201', ['a']],
      ['c', 'inceptionv3', ['a']],
      ['d', 'bert', ['b', 'c']],
    ],
  },
  {
    name: 'describe',
    stages: [
      ['a', 'mobilenetv2', []],
      ['b', 'densenet169', ['a']],
      ['c', 'vgg19', ['b']],
      ['d', 'resnet152', ['c']],
      ['e', 'bert', ['d']],
    ],
  },
]

export function minimumOf({ configurations }: ProfiledFunction): ProfiledConfiguration {
  const found = configurations.find(({ batch, slices }) => batch === 1 && slices === 1)
  assert(found !== undefined, 'a function that was not measured at its minimum')
  return found
}

/** The objective is so many times what the minimum configuration takes. */
export function applicationsOf(functions: readonly ProfiledFunction[], factor: number): readonly Application[] {
  return shapes.map(({ name, stages }) => {
    const own = stages.map(([, model]) => {
      const found = functions.find((one) => one.name === model)
      assert(found !== undefined, `no function ${model}`)
      return found
    })
    const asStages: readonly Stage[] = stages.map(([stage, , after]) => ({ name: stage, after }))
    const graph = stageGraph(asStages)
    const times = own.map(({ configurations }) => configurations.map(({ timeMs }) => timeMs))
    const lengths = averageLengths(alignedTimes(times))
    const named = new Map(stages.map(([stage], at) => [stage, lengths[at]!]))
    const objectiveMs = factor * longestMs(graph, own)
    const minimumSliceMs = own.reduce((sum, one) => sum + minimumOf(one).timeMs, 0)
    return {
      name,
      graph,
      functions: own,
      objectiveMs,
      split: splitObjective(asStages, named, objectiveMs),
      minimumSliceMs,
    }
  })
}

function longestMs({ order, before }: StageGraph, functions: readonly ProfiledFunction[]): number {
  const endsAt: number[] = []
  for (const place of order)
    endsAt[place] = Math.max(0, ...before[place]!.map((one) => endsAt[one]!)) + minimumOf(functions[place]!).timeMs
  return Math.max(...endsAt)
}

// How a queue of a pipeline's stage chooses what to run as. They are told the same and start on the same places, so only choices differ.
//   esg        as published: search over the rest of the group at every start, with the time that the oldest job has left; who is late
//              already takes what is fastest
//   thrifty    ours, and what gateways do: the same, with late-rule.ts for who is late and for how much may be paid
//   minimum    one job on one slice
//   fastest    one job on what is quickest
//   orion      best first, once for each application: the stage that makes the whole quicker the most gets more, until it is in time
//   infless    each stage alone within its part of the objective: most throughput for the slices, batches in half of it (section 4.3)
import type { Start } from '#physical-plane/serving/pipelines/dispatch.ts'
import { pipelinesConfig } from '#physical-plane/serving/pipelines/config.ts'
import { pathsToBegin, type LateRule } from '#physical-plane/serving/pipelines/late-rule.ts'
import { prepareStages, type StageConfigurations } from '#physical-plane/serving/pipelines/stage-configurations.ts'
import { sliceUsd, type ProfiledConfiguration, type ProfiledFunction } from '../esg/functions.ts'
import { minimumOf, type Application } from './applications.ts'

export type Waiting = {
  readonly application: Application
  readonly place: number
  readonly jobs: number
  readonly elapsedMs: number
  /** Of all slices. */
  readonly busyShare: number
}
export type Choice = { readonly targetMs: number; readonly starts: readonly Start[] }
export type Policy = { readonly name: string; readonly choose: (waiting: Waiting) => Choice }

const { answers } = pipelinesConfig

export function startOf(
  functionOf: ProfiledFunction,
  configuration: ProfiledConfiguration,
  restMs = 0,
  cost = configuration.cost,
): Start {
  const { slices, timeMs, batch } = configuration
  const at = functionOf.configurations.indexOf(configuration)
  return { configuration: at, units: slices, execMs: timeMs, restMs, cost, costPerMs: sliceUsd(slices, 1) / batch }
}

export function policies(): readonly Policy[] {
  return [
    esg('esg', 'fastest'),
    esg('thrifty', 'thrifty'),
    alone('minimum', minimumOf),
    alone('fastest', fastestOf),
    orion(),
    infless(),
  ]
}

function targetOf({ application, place, elapsedMs }: Waiting): number {
  return application.split.groupOf.get(application.graph.names[place]!)!.endsAtMs - elapsedMs
}

function esg(name: string, rule: LateRule): Policy {
  const prepared = new Map<string, readonly StageConfigurations[]>()
  return {
    name,
    choose: (waiting) => {
      const { application, place, jobs } = waiting
      const { graph, functions, split } = application
      const group = split.groupOf.get(graph.names[place]!)!.stages
      const ahead = group
        .slice(group.indexOf(graph.names[place]!))
        .map((stage) => functions[graph.names.indexOf(stage)]!)
      // Jobs that are batched together go on together.
      const batchMax = 2 ** Math.floor(Math.log2(jobs))
      const options = ahead.map(({ configurations }) => configurations.filter(({ batch }) => batch <= batchMax))
      const key = `${application.name} ${place} ${batchMax}`
      const stages = prepared.get(key) ?? prepareStages(options, answers)
      prepared.set(key, stages)
      const targetMs = targetOf(waiting)
      const starts = pathsToBegin(stages, targetMs, waiting.busyShare, rule).map(({ choices, timeMs, cost }) => {
        const first = options[0]![choices[0]!]!
        return startOf(ahead[0]!, first, timeMs - first.timeMs, cost)
      })
      return { targetMs, starts }
    },
  }
}

function alone(name: string, of: (functionOf: ProfiledFunction) => ProfiledConfiguration): Policy {
  return {
    name,
    choose: (waiting) => {
      const functionOf = waiting.application.functions[waiting.place]!
      return { targetMs: targetOf(waiting), starts: [startOf(functionOf, of(functionOf))] }
    },
  }
}

function fastestOf({ configurations }: ProfiledFunction): ProfiledConfiguration {
  return configurations
    .filter(({ batch }) => batch === 1)
    .reduce((best, one) => (one.timeMs < best.timeMs ? one : best))
}

function singles({ configurations }: ProfiledFunction): readonly ProfiledConfiguration[] {
  return configurations.filter(({ batch }) => batch === 1).toSorted((a, b) => a.slices - b.slices)
}

function orion(): Policy {
  const sized = new Map<Application, readonly ProfiledConfiguration[]>()
  const sizes = (application: Application): readonly ProfiledConfiguration[] => {
    const ladders = application.functions.map(singles)
    const levels = ladders.map(() => 0)
    const endMs = (): number => {
      const endsAt: number[] = []
      for (const place of application.graph.order) {
        const begins = Math.max(0, ...application.graph.before[place]!.map((one) => endsAt[one]!))
        endsAt[place] = begins + ladders[place]![levels[place]!]!.timeMs
      }
      return Math.max(...endsAt)
    }
    while (endMs() > application.objectiveMs) {
      const gains = ladders.map((ladder, place) => {
        if (levels[place]! + 1 >= ladder.length) return -1
        const beforeMs = endMs()
        levels[place]! += 1
        const gain = beforeMs - endMs()
        levels[place]! -= 1
        return gain
      })
      const best = gains.indexOf(Math.max(...gains))
      if (gains[best]! < 0) break
      levels[best]! += 1
    }
    return ladders.map((ladder, place) => ladder[levels[place]!]!)
  }
  return {
    name: 'orion',
    choose: (waiting) => {
      const { application, place } = waiting
      const own = sized.get(application) ?? sizes(application)
      sized.set(application, own)
      return { targetMs: targetOf(waiting), starts: [startOf(application.functions[place]!, own[place]!)] }
    },
  }
}

function infless(): Policy {
  return {
    name: 'infless',
    choose: (waiting) => {
      const { application, place, jobs } = waiting
      const functionOf = application.functions[place]!
      const budgetMs = application.split.budgetMs.get(application.graph.names[place]!)!
      const fitting = functionOf.configurations.filter(
        ({ batch, timeMs }) => batch <= jobs && timeMs <= (batch === 1 ? budgetMs : budgetMs / 2),
      )
      // Cost per job is slices times time by batch: the least is the most throughput for a slice. The largest batch is tried first.
      const batchMost = Math.max(0, ...fitting.map(({ batch }) => batch))
      const ofBatch = fitting.filter(({ batch }) => batch === batchMost).toSorted((a, b) => a.cost - b.cost)
      const [fastest] = singles(functionOf).toSorted((a, b) => a.timeMs - b.timeMs)
      const chosen = ofBatch.length > 0 ? ofBatch : [fastest!]
      return { targetMs: targetOf(waiting), starts: chosen.slice(0, answers).map((one) => startOf(functionOf, one)) }
    },
  }
}

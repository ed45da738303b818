// What is done about a job whose forecast passes its budget, as far as the job allows it, mildest first:
//   warn      tell it
//   lengthen  exchange less often, which saves egress and the time that steps wait
//   move      the cheapest plan that can be had, however long it takes
//   stop      cancel it: its regions keep what it has learnt, so that it can be resumed
// A forecast wobbles, so it must be over for a while, and made of measurements before a job is stopped for it. What a job
// has really cost is waited for by nobody: at the last moment that keeps the cap it is stopped, whatever the forecast says.
import type { Budget } from '#control-plane/model/job.ts'
import type { Exchange, Forecast, ModelSize } from '#control-plane/model/plan.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { exchangesOf } from '../exchanges.ts'
import { figure } from '../policy.ts'
import { budgetSavingMin, lengthenMax, meteringSeconds, overBudgetMs } from './config.ts'
import { asItIs, unchangedForecast, type Change } from './reconsider.ts'
import type { Rest } from './rest.ts'
import type { Situation } from './situation.ts'
import type { ElasticState } from './state.ts'

export type Spending = {
  /** With what is left, as it goes now. */
  readonly forecastUsd: number
  /** Paid, and used without being known yet. */
  readonly spentUsd: number
  readonly isOver: boolean
  /** For so long that it is to be believed. */
  readonly isOverForGood: boolean
  /** Should it go on, the cap can not be kept. */
  readonly isSpent: boolean
  readonly budgetUsd: number
  readonly restUsd: number
}

export function spendingOf(budget: Budget, rest: Rest, { paid, overSinceMs }: ElasticState, nowMs: number): Spending {
  const unknownSeconds = Math.max(0, nowMs - paid.atMs) / 1000
  const spentUsd = paid.usd + (rest.usdPerHour * unknownSeconds) / 3600
  const forecastUsd = spentUsd + rest.usd
  const isOver = forecastUsd > budget.usd
  return {
    forecastUsd,
    spentUsd,
    isOver,
    isOverForGood: isOver && overSinceMs !== null && nowMs - overSinceMs >= overBudgetMs,
    isSpent: spentUsd + (rest.usdPerHour * meteringSeconds) / 3600 >= budget.usd && rest.usd > 0,
    budgetUsd: budget.usd,
    restUsd: rest.usd,
  }
}

/** One sentence with the figures. */
export function spendingText({ forecastUsd, spentUsd, restUsd, budgetUsd }: Spending): string {
  return (
    `the forecast is $${figure(forecastUsd)} (paid $${figure(spentUsd)}, $${figure(restUsd)} for what is left), ` +
    `the budget $${figure(budgetUsd)}`
  )
}

/** Exchanging less often: the first way that keeps the budget, else the one that sends least; null where none saves enough. */
export function lengthened(situation: Situation, sync: SyncSettings, modelSize: ModelSize | null): Change | null {
  const unchanged = unchangedForecast(situation)
  if (unchanged === null || modelSize === null) return null
  const { partitions: held, places, problemOf, usdMax } = situation
  const problem = problemOf(places, new Map(), 'objective')
  const options = longerExchanges(situation.exchange, sync, modelSize).map((exchange): Change => {
    const candidate = { partitions: held.map(asItIs), exchange }
    const forecast = problem.estimate(candidate)
    const partitions = problem.partitionsOf(candidate)
    const decided = { alternatives: [], bound: null }
    return { step: 'longer-interval', candidate, partitions, forecast, moved: new Map(), decided, unchanged }
  })
  const saves = ({ totalUsd }: Forecast): boolean => totalUsd < unchanged.totalUsd * (1 - budgetSavingMin)
  const saving = options.filter(({ forecast }) => saves(forecast))
  return saving.find(({ forecast }) => forecast.totalUsd <= usdMax) ?? saving.at(-1) ?? null
}

/** Ever longer intervals from the one in force, as long as the strategy takes them; all else stays as it is. */
export function longerExchanges(now: Exchange | null, sync: SyncSettings, size: ModelSize): readonly Exchange[] {
  const strategy = strategies.get(sync.strategy)
  const parts = strategy?.parts(sync)
  if (strategy === undefined || parts === undefined) return []
  const ladder = exchangesOf(sync, size).flatMap((each) => each ?? [])
  const hub = now?.hub ?? ''
  if (parts.when === 'adaptive-interval') {
    const { interval: least, codec, fragments } = now ?? { ...sync, interval: 0 }
    const intervals = new Set(ladder.map(({ interval }) => interval).filter((interval) => interval > least))
    return [...intervals].map((interval) => ({ interval, codec, fragments, hub }))
  }
  const limit = strategy.limits?.interval
  const most = Math.min(sync.interval * lengthenMax, typeof limit === 'object' && 'max' in limit ? limit.max : Infinity)
  const start: Exchange | undefined = now ?? ladder[0]
  if (start === undefined) return []
  const longer: Exchange[] = []
  for (let interval = start.interval * 2; interval <= most; interval *= 2) longer.push({ ...start, hub, interval })
  return longer
}

// Every strategy by the name that a job file uses. A new one is its file and a line here.
import { invalid } from '#runtime/errors.ts'
import { createAsgd } from './asgd.ts'
import { createAsgdGa } from './asgd-ga.ts'
import { createModelAveraging } from './model-averaging.ts'
import type { StrategyFactory, SyncContext, SyncOptions, SyncStrategy } from './strategy.ts'

export const strategies: ReadonlyMap<string, StrategyFactory> = new Map([
  ['asgd', createAsgd],
  ['asgd-ga', createAsgdGa],
  ['model-averaging', createModelAveraging],
])

/** The strategy of the job; an `invalid` error where the options name none or contradict it. */
export function createStrategy(options: SyncOptions, context: SyncContext): SyncStrategy {
  const factory = strategies.get(options.strategy)
  if (factory === undefined) {
    const description = `"${options.strategy}" is not known; use one of ${[...strategies.keys()].join(', ')}`
    throw invalid([{ field: 'sync.strategy', description }])
  }
  if (!Number.isSafeInteger(options.interval) || options.interval < 0) {
    throw invalid([{ field: 'sync.interval', description: `${options.interval} must be a whole number of 0 or more` }])
  }
  if (!Number.isFinite(options.delayCompensation) || options.delayCompensation < 0) {
    const description = `${options.delayCompensation} must be a number of 0 or more`
    throw invalid([{ field: 'sync.delayCompensation', description }])
  }
  return factory(options, context)
}

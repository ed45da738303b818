// ASGD, the baseline: every local step is sent to every other region. It is ASGD-GA with an interval of 1.
import { createAsgdGa } from './asgd-ga.ts'
import type { StrategyFactory } from './strategy.ts'

export const createAsgd: StrategyFactory = (options, context) => createAsgdGa({ ...options, interval: 1 }, context)

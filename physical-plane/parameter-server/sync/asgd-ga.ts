// ASGD with gradient accumulation (Tan et al., Cloudless-Training, arXiv 2303.05330, as reconstructed): send the sum of
// f steps. "sum" applies every region's gradients in full, which for R regions is R times the rate of averaging;
// "mean" weighs each region by its share of the data. Compare strategies only after tuning the rate for each.
import { invalid } from '#runtime/errors.ts'
import { AccumulatedUpdates } from './accumulated-updates.ts'
import type { StrategyFactory } from './strategy.ts'

const intervalDefault = 8

export const createAsgdGa: StrategyFactory = (options, context) => {
  const mode = options.mode === '' ? 'sum' : options.mode
  if (mode !== 'sum' && mode !== 'mean') {
    throw invalid([
      { field: 'sync.mode', description: `"${mode}" is not known to ${options.strategy}; use sum or mean` },
    ])
  }
  const interval = options.interval === 0 ? intervalDefault : options.interval
  return new AccumulatedUpdates({ interval, mode, delayCompensation: options.delayCompensation }, context)
}

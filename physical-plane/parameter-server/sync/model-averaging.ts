// Model averaging between regional parameter servers (inter-PS MA of Cloudless-Training, arXiv 2303.05330, as
// reconstructed), every H local steps: "synchronous" with a barrier, "asynchronous" by push-sum gossip.
import { invalid } from '#runtime/errors.ts'
import { PushSum } from './push-sum.ts'
import { SynchronousAveraging } from './synchronous-averaging.ts'
import type { StrategyFactory } from './strategy.ts'

const intervalDefault = 16

export const createModelAveraging: StrategyFactory = (options, context) => {
  const interval = options.interval === 0 ? intervalDefault : options.interval
  switch (options.mode) {
    case '':
    case 'synchronous':
      return new SynchronousAveraging(interval, context)
    case 'asynchronous':
      return new PushSum(interval, context)
    default: {
      const description = `"${options.mode}" is not known to model-averaging; use synchronous or asynchronous`
      throw invalid([{ field: 'sync.mode', description }])
    }
  }
}

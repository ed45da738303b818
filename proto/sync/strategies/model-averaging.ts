// Model averaging between regional parameter servers (Tan et al., Cloudless-Training, arXiv 2303.05330, as
// reconstructed): "synchronous" in rounds, "asynchronous" by push-sum, which keeps the global mean. Models are sent as
// they are: compression would lose most of a parameter's value where it loses only little of a change's, so `diloco` is
// the strategy to compress.
import { roundDefaults } from './round-defaults.ts'
import type { Strategy } from '../strategy.ts'

export const modelAveraging: Strategy = {
  name: 'model-averaging',
  summary: 'the mean of all models after some steps, in rounds or by gossip (Cloudless-Training)',
  defaults: { interval: 16, mode: 'synchronous', ...roundDefaults },
  limits: { mode: ['synchronous', 'asynchronous'] },
  parts: ({ mode }) => {
    const isAsynchronous = mode === 'asynchronous'
    return {
      when: 'fixed-interval',
      what: 'model',
      codec: 'exact',
      apply: isAsynchronous ? 'mass-mean' : 'mean',
      membership: isAsynchronous ? 'independent' : 'rounds',
      isOverlapped: isAsynchronous,
    }
  },
}

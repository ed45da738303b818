// Streaming DiLoCo (Douillard et al., arXiv 2501.18512): parts of the model in turn, while local steps go on. `rebase`
// keeps the steps made meanwhile exactly (the idea of CoCoD-SGD, arXiv 1906.12043); `mix` is the paper's.
import { outerDefaults } from './outer-defaults.ts'
import { roundDefaults } from './round-defaults.ts'
import type { Strategy } from '../strategy.ts'

export const streamingDiloco: Strategy = {
  name: 'streaming-diloco',
  summary: 'DiLoCo with parts of the model in turn, while local steps go on',
  defaults: {
    interval: 100,
    codec: 'int8',
    density: 0.01,
    feedbackDecay: 1,
    fragments: 4,
    merge: 'rebase',
    mergeWeight: 0.5,
    ...outerDefaults,
    ...roundDefaults,
  },
  parts: ({ codec }) => ({
    when: 'fixed-interval',
    what: 'delta',
    codec: 'error-feedback',
    apply: codec === 'sparse-loco' ? 'sparse-mean' : 'outer-nesterov',
    membership: 'rounds',
    isOverlapped: true,
  }),
}

// Streaming DiLoCo whose interval and codec follow the measured links: as often as they carry without anybody waiting, and
// where they cannot carry even the smallest messages within the longest interval, steps wait.
// Below 16 steps the messages of a round, and not its bytes, would decide its length; above 256 the quality of the
// published runs with small models falls, so that the codec sends less instead.
import { outerDefaults } from './outer-defaults.ts'
import { roundDefaults } from './round-defaults.ts'
import type { Strategy } from '../strategy.ts'

export const auto: Strategy = {
  name: 'auto',
  summary: 'streaming DiLoCo with interval and codec from the measured links',
  defaults: {
    interval: 0,
    intervalMin: 16,
    intervalMax: 256,
    utilisation: 0.95,
    codec: 'int8',
    density: 0.01,
    fragments: 4,
    merge: 'rebase',
    mergeWeight: 0.5,
    ...outerDefaults,
    ...roundDefaults,
  },
  // The ladder goes down to top-k; sparse-loco would change the outer optimiser half-way.
  limits: { codec: ['fp32', 'fp16', 'bf16', 'int8', 'int4', 'top-k'] },
  parts: () => ({
    when: 'adaptive-interval',
    what: 'delta',
    codec: 'error-feedback',
    apply: 'outer-nesterov',
    membership: 'rounds',
    isOverlapped: true,
  }),
}

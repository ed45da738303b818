// DiLoCo (Douillard et al., arXiv 2311.08105): many local steps, then the outer optimiser takes the mean of what they
// changed as its gradient. int8 costs nothing measurable with error feedback (INTELLECT-1 sends it, arXiv 2412.01152).
// Codec sparse-loco (arXiv 2508.15706) puts error feedback in the place of outer momentum.
import { outerDefaults } from './outer-defaults.ts'
import { roundDefaults } from './round-defaults.ts'
import type { Strategy } from '../strategy.ts'

export const diloco: Strategy = {
  name: 'diloco',
  summary: 'the mean change of many local steps through an outer optimiser, in rounds (DiLoCo)',
  defaults: { interval: 100, codec: 'int8', density: 0.01, feedbackDecay: 1, ...outerDefaults, ...roundDefaults },
  parts: ({ codec }) => ({
    when: 'fixed-interval',
    what: 'delta',
    codec: 'error-feedback',
    apply: codec === 'sparse-loco' ? 'sparse-mean' : 'outer-nesterov',
    membership: 'rounds',
    isOverlapped: false,
  }),
}

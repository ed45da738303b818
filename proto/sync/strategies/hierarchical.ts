// Hierarchical asynchronous training (HALoS, Kim et al., ICML'25): each region's change is applied as soon as it arrives,
// by delayed Nesterov, and nobody is waited for: a quorum of one without grace. Momentum 0.5 and delay 2 are HALoS's
// global ones. Its rate is 0.15 for four regions, together with a merge that keeps three quarters of the local model. We
// rebase, which keeps of a region's steps only what the rate lets through, so the rate has to let the mean through: with
// momentum b and delay N one commit moves the parameters by rate / (N (1 - b)) of its change in the end, and R regions
// commit once each. Rate 1 / R, at these b and N, adds up to the mean.
import { roundDefaults } from './round-defaults.ts'
import type { Strategy } from '../strategy.ts'

export const hierarchical: Strategy = {
  name: 'hierarchical',
  summary: 'every region on its own against shared parameters with delayed Nesterov momentum (HALoS)',
  defaults: {
    ...roundDefaults,
    interval: 64,
    codec: 'int8',
    density: 0.01,
    fragments: 1,
    merge: 'rebase',
    mergeWeight: 0.75,
    outerLearningRate: 0.5,
    outerMomentum: 0.5,
    outerDelay: 2,
    quorum: 1,
    graceMinMs: 0,
    graceMaxMs: 0,
  },
  defaultsFor: (regions) => ({ outerLearningRate: 1 / regions }),
  // sparse-loco replaces the momentum that this strategy is about.
  limits: { codec: ['fp32', 'fp16', 'bf16', 'int8', 'int4', 'top-k'] },
  parts: () => ({
    when: 'fixed-interval',
    what: 'delta',
    codec: 'error-feedback',
    apply: 'outer-delayed-nesterov',
    membership: 'rounds',
    isOverlapped: true,
  }),
}

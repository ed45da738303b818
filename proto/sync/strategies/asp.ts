// Approximate synchronous parallel (Hsieh et al., Gaia, NSDI'17): a parameter is sent once it changed by a noticeable
// share of itself, which is 1 % at first and falls with the square root of the steps, as Gaia's does. What stays behind is
// the residual, so that there is no codec to choose.
import type { Strategy } from '../strategy.ts'

export const asp: Strategy = {
  name: 'asp',
  summary: 'only parameters that changed significantly, nobody waits (Gaia)',
  defaults: { interval: 1, mode: 'sum', significance: 0.01, stalenessExponent: 0, stalenessMax: 0 },
  limits: { mode: ['sum', 'mean'] },
  parts: () => ({
    when: 'fixed-interval',
    what: 'significant-changes',
    codec: 'error-feedback',
    apply: 'add',
    membership: 'independent',
    isOverlapped: true,
  }),
}

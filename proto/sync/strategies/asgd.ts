// Asynchronous SGD between regional parameter servers: the baseline that everything else is compared with.
import type { Strategy } from '../strategy.ts'

export const asgd: Strategy = {
  name: 'asgd',
  summary: 'every step to every region, as many as the link carries: the baseline',
  defaults: {
    interval: 1,
    mode: 'sum',
    codec: 'fp32',
    density: 0.01,
    delayCompensation: 0,
    stalenessExponent: 0,
    stalenessMax: 0,
  },
  // With more steps at a time it is asgd-ga, and should be called so wherever results are compared.
  limits: { interval: { min: 1, max: 1 }, mode: ['sum', 'mean'] },
  parts: () => ({
    when: 'fixed-interval',
    what: 'changes',
    codec: 'error-feedback',
    apply: 'add',
    membership: 'independent',
    // Steps are not put together while the link is busy, which would make it asgd-ga: they wait until it has room.
    isOverlapped: false,
  }),
}

// ASGD with gradient accumulation (Tan et al., Cloudless-Training, arXiv 2303.05330, as reconstructed): the sum of
// `interval` steps at a time. "sum" applies every region's gradients in full, which for R regions is R times the rate of
// averaging; "mean" weighs each region by its share of the data. Eight steps are the middle of the published 4, 8 and 16.
import type { Strategy } from '../strategy.ts'

export const asgdGa: Strategy = {
  name: 'asgd-ga',
  summary: 'sums of several steps to every region, nobody waits (Cloudless-Training)',
  defaults: {
    interval: 8,
    mode: 'sum',
    codec: 'fp32',
    density: 0.01,
    delayCompensation: 0,
    stalenessExponent: 0,
    stalenessMax: 0,
  },
  limits: { mode: ['sum', 'mean'] },
  parts: () => ({
    when: 'fixed-interval',
    what: 'changes',
    codec: 'error-feedback',
    apply: 'add',
    membership: 'independent',
    isOverlapped: true,
  }),
}

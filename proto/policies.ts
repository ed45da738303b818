// The scheduling policies, by the names that job files use: what each one does, in a few words.
export const policySummaries = {
  'least-cost': 'the best plan for the objective, with a bound',
  'load-power': 'the cheapest units that keep up with the region that bounds the epoch (Cloudless-Training)',
  'use-everything': 'every free unit of the regions with data',
  'single-region': 'all data in the one region where that is cheapest',
  proportional: 'units in proportion to data',
  'cheapest-gpu': 'each region’s data where a sample is cheapest',
} as const

export type PolicyName = keyof typeof policySummaries

export const policyNames = Object.keys(policySummaries) as readonly PolicyName[]
export const defaultPolicy: PolicyName = 'least-cost'

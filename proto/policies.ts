// The scheduling policies, by the names that job files use.
export const policyNames = [
  // The best plan for the objective, with a bound.
  'least-cost',
  // The cheapest units that keep up with the region that bounds the epoch (Cloudless-Training).
  'load-power',
  // Every free unit of the regions with data.
  'use-everything',
  // All data in the one region where that is cheapest.
  'single-region',
  // Units in proportion to data.
  'proportional',
  // Each region's data where a sample is cheapest.
  'cheapest-gpu',
] as const

export type PolicyName = (typeof policyNames)[number]

export const defaultPolicy: PolicyName = 'least-cost'

// Original file: proto/cloudless/v1/worker.proto

export const LeaseOutcome = {
  LEASE_OUTCOME_UNSPECIFIED: 'LEASE_OUTCOME_UNSPECIFIED',
  LEASE_OUTCOME_GRANTED: 'LEASE_OUTCOME_GRANTED',
  LEASE_OUTCOME_EVALUATE: 'LEASE_OUTCOME_EVALUATE',
  LEASE_OUTCOME_FINISHED: 'LEASE_OUTCOME_FINISHED',
  LEASE_OUTCOME_WAIT: 'LEASE_OUTCOME_WAIT',
} as const;

export type LeaseOutcome =
  | 'LEASE_OUTCOME_UNSPECIFIED'
  | 0
  | 'LEASE_OUTCOME_GRANTED'
  | 1
  | 'LEASE_OUTCOME_EVALUATE'
  | 2
  | 'LEASE_OUTCOME_FINISHED'
  | 3
  | 'LEASE_OUTCOME_WAIT'
  | 4

export type LeaseOutcome__Output = typeof LeaseOutcome[keyof typeof LeaseOutcome]

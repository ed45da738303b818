// Original file: proto/cloudless/v1/plan.proto

export const PlanOutcome = {
  PLAN_OUTCOME_UNSPECIFIED: 'PLAN_OUTCOME_UNSPECIFIED',
  PLAN_OUTCOME_PLACED: 'PLAN_OUTCOME_PLACED',
  PLAN_OUTCOME_WAITING: 'PLAN_OUTCOME_WAITING',
  PLAN_OUTCOME_IMPOSSIBLE: 'PLAN_OUTCOME_IMPOSSIBLE',
} as const;

export type PlanOutcome =
  | 'PLAN_OUTCOME_UNSPECIFIED'
  | 0
  | 'PLAN_OUTCOME_PLACED'
  | 1
  | 'PLAN_OUTCOME_WAITING'
  | 2
  | 'PLAN_OUTCOME_IMPOSSIBLE'
  | 3

export type PlanOutcome__Output = typeof PlanOutcome[keyof typeof PlanOutcome]

// What is to be planned, on what: a what-if makes another question of it.
import type { JobSpec } from '#control-plane/model/job.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import type { Catalogue } from '#control-plane/model/snapshot.ts'

export type Question = { readonly input: PlanInput; readonly catalogue: Catalogue }

/** A text says why it can not be done, and the fix. */
export type Applied = Question | string

export function withSpec(question: Question, spec: Partial<JobSpec>): Question {
  return { ...question, input: { ...question.input, spec: { ...question.input.spec, ...spec } } }
}

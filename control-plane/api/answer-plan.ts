// A question to the scheduler, answered for the wire: the plan, the one without the what-ifs, what both were decided on, what
// crosses the WAN and where it lies. The same for a running control plane, for one that replays, and for none at all.
import type { PlanJobResponse } from '#proto/generated/cloudless/v1/PlanJobResponse.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import { linkUsesOf } from '#control-plane/scheduler/link-uses.ts'
import { planOn } from '#control-plane/scheduler/decide-again.ts'
import { validateJob } from '#control-plane/scheduler/validate-job.ts'
import { applyWhatIfs } from '#control-plane/scheduler/what-if/apply.ts'
import type { Question } from '#control-plane/scheduler/what-if/question.ts'
import { encodePlan } from '#control-plane/wire/job.ts'
import { encodePlanInput } from '#control-plane/wire/plan-input.ts'
import { invalid } from '#runtime/errors.ts'

export function answerPlan(question: Question, whatIfs: readonly string[]): PlanJobResponse {
  const asked = whatIfs.length === 0 ? question : changedQuestion(question, whatIfs)
  const plan = planOn(asked.input, asked.catalogue)
  return {
    plan: encodePlan(plan),
    without: whatIfs.length === 0 ? null : encodePlan(planOn(question.input, question.catalogue)),
    input: encodePlanInput(question.input),
    linkUses: linkUsesOf(plan, asked.input, asked.catalogue).map(({ from, to, ...use }) => {
      return { fromRegion: from, toRegion: to, ...use }
    }),
    sites: sitesOf(asked),
  }
}

function changedQuestion(question: Question, whatIfs: readonly string[]): Question {
  const applied = applyWhatIfs(question, whatIfs)
  if (applied.kind === 'wrong') {
    const faults = applied.faults.map(({ index, description }) => ({ field: `what_if[${index}]`, description }))
    throw invalid(faults, 'WHAT_IF')
  }
  const wrong = faultsOf(applied.question)
  const before = new Set(faultsOf(question).map(({ field }) => field))
  const made = wrong.filter(({ field }) => !before.has(field))
  if (made.length > 0) throw invalid(made, 'WHAT_IF')
  return applied.question
}

function faultsOf({ input, catalogue }: Question): ReturnType<typeof validateJob> {
  return validateJob(input.spec, catalogue, input.decidedAtMs, 'spec')
}

/** In ascending order of region, as the catalogue is. */
function sitesOf({ input, catalogue }: Question): NonNullable<PlanJobResponse['sites']> {
  const known = new Set([
    ...input.capacity.map(({ region }) => region),
    ...input.spec.shards.map(({ region }) => region),
  ])
  return catalogue.regions.flatMap(({ name, coordinates }) => {
    if (!known.has(name) || coordinates === null) return []
    return [{ region: name, ...coordinates, samples: samplesIn(input.spec, name) }]
  })
}

function samplesIn(spec: JobSpec, region: string): number {
  return spec.shards.reduce((sum, shard) => sum + (shard.region === region ? shard.samples : 0), 0)
}

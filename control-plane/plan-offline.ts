// The scheduler without a control plane: a plan from what it is to be decided on and a catalogue, both given. For planning before
// anything runs, and for deciding again, in any process, what was decided elsewhere.
import type { PlanInput } from '#proto/generated/cloudless/v1/PlanInput.ts'
import type { PlanInput__Output } from '#proto/generated/cloudless/v1/PlanInput.ts'
import type { PlanJobResponse, PlanJobResponse__Output } from '#proto/generated/cloudless/v1/PlanJobResponse.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { present } from '#runtime/assert.ts'
import { nearestNames } from '#runtime/nearest-names.ts'
import { answerPlan } from './api/answer-plan.ts'
import type { PlanInput as Input } from './model/plan-input.ts'
import { validateJob } from './scheduler/validate-job.ts'
import { Checks } from './wire/checks.ts'
import { decodePlanInput } from './wire/plan-input.ts'

/**
 * Throws with every wrong field. The plan names the catalogue that is given, whatever the input was decided on before.
 * @example planOffline({ spec, decidedAtMs, capacity }, await loadCatalogue(), ['aws/* price x2']).plan
 */
export function planOffline(
  given: PlanInput,
  catalogue: Catalogue,
  whatIfs: readonly string[],
): PlanJobResponse__Output {
  const wire = messageDefinition<PlanInput, PlanInput__Output>('cloudless.v1.PlanInput')
  const checks = new Checks()
  const input = decodePlanInput(checks, wire.deserialize(wire.serialize(given)))
  if (input !== null) {
    for (const { field, description } of validateJob(input.spec, catalogue, input.decidedAtMs, 'spec'))
      checks.note(field, description)
    checkNames(checks, input, catalogue)
  }
  checks.done()
  const response = messageDefinition<PlanJobResponse, PlanJobResponse__Output>('cloudless.v1.PlanJobResponse')
  const decided = { ...present(input, 'input'), catalogVersion: catalogue.version, catalogHash: catalogue.hash }
  return response.deserialize(response.serialize(answerPlan({ input: decided, catalogue }, whatIfs)))
}

/** A typing slip would leave units out without a word. */
function checkNames(checks: Checks, { capacity, measuredLinks }: Input, catalogue: Catalogue): void {
  const regions = catalogue.regions.map(({ name }) => name)
  const models = catalogue.deviceModels.map(({ name }) => name)
  const check = (field: string, name: string, known: readonly string[], what: string): void => {
    if (known.includes(name)) return
    const near = nearestNames(name, known)
    const fix = near.length === 0 ? '`cloudless catalog show` lists them' : `did you mean ${near.join(' or ')}?`
    checks.note(field, `${JSON.stringify(name)} is no ${what} of catalogue ${catalogue.version}; ${fix}`)
  }
  for (const [i, { region, classes }] of capacity.entries()) {
    check(`capacity[${i}].region`, region, regions, 'region')
    for (const [j, { deviceModel }] of classes.entries())
      check(`capacity[${i}].classes[${j}].device_model`, deviceModel, models, 'device model')
  }
  for (const [i, { from, to }] of measuredLinks.entries()) {
    check(`measured_links[${i}].from_region`, from, regions, 'region')
    check(`measured_links[${i}].to_region`, to, regions, 'region')
  }
}

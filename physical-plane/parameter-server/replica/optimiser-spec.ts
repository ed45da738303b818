// The optimisers a parameter server can apply, with the hyper-parameters that PyTorch gives them. What PyTorch refuses
// is refused here too; what we do not implement is refused by name, never quietly replaced.
import type { Optimiser__Output } from '#proto/generated/cloudless/v1/Optimiser.ts'
import type { ParameterGroup__Output } from '#proto/generated/cloudless/v1/ParameterGroup.ts'
import type { FieldViolation } from '#runtime/errors.ts'
import { parameterGroupsMax } from './config.ts'

export type OptimiserKind = 'sgd' | 'adamw'

export type ParameterGroup = {
  /** The first one; every step brings its own. */
  readonly learningRate: number
  readonly weightDecay: number
  readonly momentum: number
  readonly dampening: number
  readonly nesterov: boolean
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

export type OptimiserSpec = { readonly kind: OptimiserKind; readonly groups: readonly ParameterGroup[] }

const kinds: readonly string[] = ['sgd', 'adamw'] satisfies OptimiserKind[]

/** The checked optimiser, or null after adding to `violations`. */
export function checkOptimiser(wire: Optimiser__Output | null, violations: FieldViolation[]): OptimiserSpec | null {
  const field = 'layout.optimiser'
  if (wire === null) {
    violations.push({ field, description: 'is missing; send the optimiser of the model' })
    return null
  }
  const kind = wire.kind
  if (!isKind(kind)) {
    violations.push({
      field: `${field}.kind`,
      description: `"${kind}" is not supported; use one of ${kinds.join(', ')}`,
    })
    return null
  }
  if (wire.groups.length === 0 || wire.groups.length > parameterGroupsMax) {
    const description = `has ${wire.groups.length} groups; between 1 and ${parameterGroupsMax} are supported`
    violations.push({ field: `${field}.groups`, description })
    return null
  }
  const countBefore = violations.length
  for (const [index, group] of wire.groups.entries()) {
    for (const problem of problemsOf(kind, group)) {
      violations.push({ ...problem, field: `${field}.groups[${index}].${problem.field}` })
    }
  }
  return violations.length > countBefore ? null : { kind, groups: wire.groups.map((group) => ({ ...group })) }
}

function isKind(kind: string): kind is OptimiserKind {
  return kinds.includes(kind)
}

function problemsOf(kind: OptimiserKind, group: ParameterGroup__Output): FieldViolation[] {
  const problems: FieldViolation[] = []
  const check = (field: keyof ParameterGroup, isGood: boolean, wanted: string): void => {
    if (!isGood) problems.push({ field, description: `${group[field]} must be ${wanted}` })
  }
  const isPositive = (value: number): boolean => Number.isFinite(value) && value >= 0
  const isShare = (value: number): boolean => value >= 0 && value < 1
  check('learningRate', isPositive(group.learningRate), 'a finite number of 0 or more')
  check('weightDecay', isPositive(group.weightDecay), 'a finite number of 0 or more')
  switch (kind) {
    case 'sgd':
      check('momentum', isPositive(group.momentum), 'a finite number of 0 or more')
      check('dampening', Number.isFinite(group.dampening), 'a finite number')
      // PyTorch: "Nesterov momentum requires a momentum and zero dampening".
      check(
        'nesterov',
        !group.nesterov || (group.momentum > 0 && group.dampening === 0),
        'false without momentum or with dampening',
      )
      break
    case 'adamw':
      check('beta1', isShare(group.beta1), 'at least 0 and below 1')
      check('beta2', isShare(group.beta2), 'at least 0 and below 1')
      check('epsilon', isPositive(group.epsilon), 'a finite number of 0 or more')
      break
  }
  return problems
}

// What of a contribution or a proposal is not as this region's plan has it. All regions of a job follow the plan of the
// round that was committed last, so a difference means that another job file or another version is run somewhere: what
// is offered there can not be used, and must not be applied as something else.
import { CloudlessError, type FieldViolation } from '#runtime/errors.ts'
import type { Exchange } from './offer.ts'
import type { Contribution, Payload, Proposal, RoundPlan } from './types.ts'

const fix = 'run one job file and one version of cloudless everywhere'

export function differencesOfContribution({ planVersion }: Contribution, { version }: RoundPlan): FieldViolation[] {
  return differing('contribution', { planVersion }, { planVersion: version })
}

export function differencesOfProposal(
  { fragment, isFinal }: Proposal,
  exchange: Pick<Exchange, 'fragment' | 'isFinal'>,
): FieldViolation[] {
  return differing('proposal', { fragment, isFinal }, { fragment: exchange.fragment, isFinal: exchange.isFinal })
}

export function differencesOfPayload(
  { elements, codec }: Payload,
  wanted: Pick<Payload, 'elements' | 'codec'>,
): FieldViolation[] {
  return differing('payload', { elements, codec }, { elements: wanted.elements, codec: wanted.codec })
}

/** Null where there is none. */
export function planDiffers(
  region: string,
  round: number,
  differences: readonly FieldViolation[],
): CloudlessError | null {
  if (differences.length === 0) return null
  const fields = differences.map(({ field, description }) => `${field}: ${description}`).join('; ')
  const text = `what region ${region} offers for round ${round} is of another plan: ${fields}; ${fix}`
  return new CloudlessError('invalid', 'PLAN_DIFFERS', text, { violations: differences })
}

function differing(
  whole: string,
  found: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): FieldViolation[] {
  return Object.entries(found)
    .filter(([name, value]) => value !== wanted[name])
    .map(([name, value]) => ({
      field: `${whole}.${name}`,
      description: `${String(value)} where ${String(wanted[name])} is exchanged`,
    }))
}

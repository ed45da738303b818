// Which parts go together. Most do, which is the point of having parts; the exceptions are here, so that a strategy made
// of what can not work is refused by name before it trains: each way to apply an exchange takes one kind of content, from
// regions that either wait for each other or do not.
import type { Parts } from './strategy.ts'

type PartName = Exclude<keyof Parts, 'isOverlapped'>

export type ImpossiblePair = {
  readonly parts: readonly [PartName, PartName]
  /** Names both parts, why they can not go together, and the fix. */
  readonly description: string
}

type Needs = {
  readonly what: readonly Parts['what'][]
  readonly membership: Parts['membership']
  readonly because: string
}

const changes = ['changes', 'significant-changes'] as const
const needs: Readonly<Record<Parts['apply'], Needs>> = {
  add: { what: changes, membership: 'independent', because: 'it adds what each region did, whenever that comes' },
  'mass-mean': { what: ['model'], membership: 'independent', because: 'it weighs one model by another' },
  mean: { what: ['model'], membership: 'rounds', because: 'the mean of the regions takes the place of the model' },
  'outer-nesterov': { what: ['delta'], membership: 'rounds', because: 'the mean delta is its gradient' },
  'outer-delayed-nesterov': { what: ['delta'], membership: 'rounds', because: 'the mean delta is its gradient' },
  'sparse-mean': { what: ['delta'], membership: 'rounds', because: 'it moves the model by the mean delta' },
}

export function impossiblePairs(parts: Parts): readonly ImpossiblePair[] {
  const { apply, what, membership, codec, when } = parts
  const need = needs[apply]
  const found: ImpossiblePair[] = []
  const note = (one: PartName, other: PartName, fix: string): void => {
    const description = `${one} ${parts[one]} can not go with ${other} ${parts[other]}: ${fix}`
    found.push({ parts: [one, other], description })
  }
  if (!need.what.includes(what)) note('apply', 'what', `${need.because}; use what ${need.what.join(' or ')}`)
  if (membership !== need.membership) note('apply', 'membership', `${need.because}; use membership ${need.membership}`)
  if (what === 'model' && codec !== 'exact') {
    note('what', 'codec', 'a model that lost something is no model, and no later one brings it back; use codec exact')
  }
  if (when === 'adaptive-interval' && membership !== 'rounds') {
    note('when', 'membership', 'regions change their plan together, at a round; use when fixed-interval')
  }
  if (when === 'adaptive-interval' && codec === 'exact') {
    note('when', 'codec', 'where links are slow it chooses codecs that lose; use codec error-feedback')
  }
  return found
}

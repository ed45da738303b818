// What a what-if does to a question. Nothing is changed in place: the question before stays as it was. A what-if that meets
// nothing is refused, because a plan that it leaves as it was would say that it makes no difference.
import { changeCapacity } from './change-capacity.ts'
import { changeJob } from './change-job.ts'
import { changeLinks } from './change-links.ts'
import { changePrices } from './change-prices.ts'
import { changeSpeed } from './change-speed.ts'
import { parseWhatIf } from './parse.ts'
import type { Applied, Question } from './question.ts'
import type { WhatIf } from './what-if.ts'

export type WhatIfFault = { readonly index: number; readonly description: string }

export type AppliedAll =
  | { readonly kind: 'applied'; readonly question: Question }
  | { readonly kind: 'wrong'; readonly faults: readonly WhatIfFault[] }

/** In order: each sees what those before it have made. All that is wrong is named at once. */
export function applyWhatIfs(question: Question, texts: readonly string[]): AppliedAll {
  let next = question
  const faults: WhatIfFault[] = []
  for (const [index, text] of texts.entries()) {
    const parsed = parseWhatIf(text)
    if (parsed.kind === 'wrong') {
      faults.push({ index, description: `at character ${parsed.position}: ${parsed.description}` })
      continue
    }
    const applied = applyWhatIf(next, parsed.whatIf)
    if (typeof applied === 'string') faults.push({ index, description: applied })
    else next = applied
  }
  if (faults.length > 0) return { kind: 'wrong', faults }
  return { kind: 'applied', question: next === question ? question : named(question, next) }
}

export function applyWhatIf(question: Question, whatIf: WhatIf): Applied {
  switch (whatIf.kind) {
    case 'price':
      return changePrices(question, whatIf)
    case 'units':
    case 'gone':
      return changeCapacity(question, whatIf)
    case 'link':
      return changeLinks(question, whatIf)
    case 'speed':
      return changeSpeed(question, whatIf)
    case 'model-size':
    case 'budget':
    case 'deadline':
    case 'deadline-in':
    case 'slack':
    case 'policy':
    case 'markets':
    case 'may-move-to':
    case 'data':
      return changeJob(question, whatIf)
  }
}

/** A catalogue that nobody has published has no hash. */
function named(before: Question, { input, catalogue }: Question): Question {
  if (catalogue === before.catalogue) return { input, catalogue }
  const version = `${before.catalogue.version}+what-if`
  return {
    input: { ...input, catalogVersion: version, catalogHash: '' },
    catalogue: { ...catalogue, version, hash: '' },
  }
}

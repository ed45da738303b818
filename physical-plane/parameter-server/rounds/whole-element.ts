// Where an element of a fragment's own vector is in the whole model, so that its tensor can be named.
import { CloudlessError } from '#runtime/errors.ts'
import { tensorAt, type Layout } from '../replica/layout.ts'
import type { Cut } from './shared-parameters.ts'

/** The same error with its `element` counted in the whole model. Others come back as they are. */
export function inWhole(error: unknown, cut: Pick<Cut, 'ranges'>): unknown {
  if (!(error instanceof CloudlessError)) return error
  const element = elementOf(error, cut)
  if (element === null) return error
  const { kind, reason, message, violations, metadata } = error
  return new CloudlessError(kind, reason, message, { violations, metadata: { ...metadata, element: String(element) } })
}

/** The tensor that an error about a fragment is about; null where it names no element. */
export function tensorOf(error: CloudlessError, cut: Pick<Cut, 'ranges'>, layout: Layout): string | null {
  const element = elementOf(error, cut)
  return element === null ? null : (tensorAt(layout, element)?.name ?? null)
}

function elementOf({ metadata }: CloudlessError, { ranges }: Pick<Cut, 'ranges'>): number | null {
  if (metadata['element'] === undefined) return null
  let left = Number(metadata['element'])
  for (const { start, end } of ranges) {
    if (left < end - start) return start + left
    left -= end - start
  }
  return null
}

// Bytes that no encoder writes: refused, with the place. Who knows the layout and where the bytes came from gives that
// place a name, so that the region and the tensor can be looked at.
import type { CodecName } from '#proto/sync/settings.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { tensorAt, type Layout } from '../../replica/layout.ts'

const reason = 'MALFORMED_ENCODING'

/** `element` is the first one that the fault concerns. */
export function malformed(codec: CodecName | 'significant', element: number, problem: string): CloudlessError {
  return new CloudlessError('invalid', reason, `payload: ${codec} at element ${element}: ${problem}`, {
    violations: [{ field: 'payload', description: problem }],
    metadata: { codec, element: String(element) },
  })
}

/** The same error with the region that sent the bytes and the tensor in which the fault is. Others come back as they are. */
export function malformedFrom(region: string, layout: Layout, error: unknown): unknown {
  if (!(error instanceof CloudlessError) || error.reason !== reason) return error
  const element = error.metadata['element']
  const tensor = element === undefined ? null : tensorAt(layout, Number(element))
  const where = tensor === null ? '' : `, tensor ${tensor.name}`
  return new CloudlessError('invalid', reason, `from region ${region}${where}: ${error.message}`, {
    violations: error.violations,
    metadata: { ...error.metadata, region, ...(tensor === null ? {} : { tensor: tensor.name }) },
    cause: error,
  })
}

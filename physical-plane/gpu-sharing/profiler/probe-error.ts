// A probe that gave no measurement, as an error that names it.
import { CloudlessError } from '#runtime/errors.ts'
import { describe, type Configuration } from './measure.ts'

export function probeFailed(
  configuration: Configuration,
  kind: 'deadline' | 'cancelled' | 'internal' | 'invalid',
  because: string,
  cause?: unknown,
): CloudlessError {
  const probe = describe(configuration)
  return new CloudlessError(kind, 'PROBE_FAILED', `the probe at ${probe} ${because}`, { metadata: { probe }, cause })
}

// The errors that a person or a caller can act on. Everything else is a bug and fails an assertion.
// `proto/rpc/errors.ts` turns them into gRPC statuses with details and back.

export type ErrorKind =
  | 'invalid' // a field of the request is wrong
  | 'not-found'
  | 'already-exists'
  | 'conflict' // the state changed, or does not allow this; look again and retry
  | 'exhausted' // a limit or quota
  | 'unavailable' // try later
  | 'cancelled'
  | 'deadline'
  | 'internal'

export type FieldViolation = {
  /** Path in the request: `shards[1].samples`. */
  readonly field: string
  /** Value found and how to fix it. */
  readonly description: string
}

export class CloudlessError extends Error {
  override readonly name = 'CloudlessError'
  readonly kind: ErrorKind
  /** Stable, machine-readable: `UNKNOWN_REGION`. */
  readonly reason: string
  readonly violations: readonly FieldViolation[]
  readonly metadata: Readonly<Record<string, string>>

  constructor(
    kind: ErrorKind,
    reason: string,
    message: string,
    options: {
      readonly violations?: readonly FieldViolation[]
      readonly metadata?: Readonly<Record<string, string>>
      readonly cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.reason = reason
    this.violations = options.violations ?? []
    this.metadata = options.metadata ?? {}
  }
}

/** A request whose fields are wrong. The message names every field, so that it reads well without the details. */
export function invalid(violations: readonly FieldViolation[], reason = 'INVALID_FIELD'): CloudlessError {
  const text = violations.map(({ field, description }) => `${field}: ${description}`).join('; ')
  return new CloudlessError('invalid', reason, text, { violations })
}

export function notFound(what: string, name: string): CloudlessError {
  return new CloudlessError('not-found', 'NOT_FOUND', `${what} ${name} does not exist`, {
    metadata: { [what]: name },
  })
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

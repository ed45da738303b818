// A field of a request that is wrong. The same shape as the runtime's FieldViolation, so that the API can throw it.

export type Violation = {
  /** Path in the request: `shards[1].samples`. */
  readonly field: string
  /** The value found and how to fix it. */
  readonly description: string
}

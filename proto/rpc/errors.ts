// Errors on the wire: a CloudlessError becomes a gRPC status with google.rpc.ErrorInfo and BadRequest in the trailer
// `grpc-status-details-bin`, and comes back with the same kind, reason, violations and metadata. The trailer is
// untrusted: whatever does not decode is left out and the status code alone decides.
import { Metadata, status as Code, type ServiceError } from '@grpc/grpc-js'
import { CloudlessError, type ErrorKind, type FieldViolation } from '#runtime/errors.ts'
import type { BadRequest, BadRequest__Output } from '../generated/google/rpc/BadRequest.ts'
import type { ErrorInfo, ErrorInfo__Output } from '../generated/google/rpc/ErrorInfo.ts'
import type { Status, Status__Output } from '../generated/google/rpc/Status.ts'
import { errorDetailsBytesMax, errorTextBytesMax } from './config.ts'
import { messageDefinition } from './load.ts'

/** The one table of kinds and statuses. */
export const codeOfKind: Readonly<Record<ErrorKind, Code>> = {
  invalid: Code.INVALID_ARGUMENT,
  'not-found': Code.NOT_FOUND,
  'already-exists': Code.ALREADY_EXISTS,
  conflict: Code.FAILED_PRECONDITION,
  exhausted: Code.RESOURCE_EXHAUSTED,
  unavailable: Code.UNAVAILABLE,
  cancelled: Code.CANCELLED,
  deadline: Code.DEADLINE_EXCEEDED,
  internal: Code.INTERNAL,
}

export type WireError = { readonly code: Code; readonly details: string; readonly metadata: Metadata }

const detailsTrailer = 'grpc-status-details-bin'
const domain = 'cloudless'
const typePrefix = 'type.googleapis.com/'
const statusMessage = messageDefinition<Status, Status__Output>('google.rpc.Status')
const errorInfoMessage = messageDefinition<ErrorInfo, ErrorInfo__Output>('google.rpc.ErrorInfo')
const badRequestMessage = messageDefinition<BadRequest, BadRequest__Output>('google.rpc.BadRequest')

/** What the server sends. Only a CloudlessError tells the caller its text; anything else is our bug and stays here. */
export function toWireError(error: unknown): WireError {
  const known =
    error instanceof CloudlessError
      ? error
      : new CloudlessError('internal', 'INTERNAL', 'internal error; the log of the server has the details')
  const code = codeOfKind[known.kind]
  const details = shorten(known.message, errorTextBytesMax)
  const metadata = new Metadata()
  metadata.set(detailsTrailer, encodeDetails(known, code, details))
  return { code, details, metadata }
}

/** What the client throws. `address` and `method` go into errors that the other side did not word itself. */
export function fromWireError(error: ServiceError, address: string, method: string): CloudlessError {
  const details = decodeDetails(error.metadata?.get(detailsTrailer)[0])
  const { kind, reason } = kindOfCode(error.code)
  if (details.reason !== null) {
    return new CloudlessError(kind, details.reason, error.details, { ...details, cause: error })
  }
  const metadata = { ...details.metadata, address, method }
  const text = wordStatus(error, address, method)
  return new CloudlessError(kind, reason, text, { violations: details.violations, metadata, cause: error })
}

export type ErrorDetails = {
  readonly reason: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly violations: readonly FieldViolation[]
}

export function decodeDetails(trailer: string | Buffer | undefined): ErrorDetails {
  const none: ErrorDetails = { reason: null, metadata: {}, violations: [] }
  if (!Buffer.isBuffer(trailer)) return none
  const decoded = tryDecode(() => statusMessage.deserialize(trailer))
  let found = none
  for (const any of decoded?.details ?? []) {
    const value = any.value
    if (!Buffer.isBuffer(value)) continue
    if (any.type_url === `${typePrefix}google.rpc.ErrorInfo`) {
      const info = tryDecode(() => errorInfoMessage.deserialize(value))
      // Proxies put their own ErrorInfo here; its reasons are not ours.
      if (info?.domain === domain) found = { ...found, reason: info.reason, metadata: { ...info.metadata } }
    }
    if (any.type_url === `${typePrefix}google.rpc.BadRequest`) {
      const request = tryDecode(() => badRequestMessage.deserialize(value))
      const violations = (request?.fieldViolations ?? []).map(({ field, description }) => ({ field, description }))
      found = { ...found, violations }
    }
  }
  return found
}

function encodeDetails(error: CloudlessError, code: Code, details: string): Buffer {
  const encode = (violations: readonly FieldViolation[], metadata: Readonly<Record<string, string>>): Buffer => {
    const info = errorInfoMessage.serialize({ reason: error.reason, domain, metadata: { ...metadata } })
    const anys = [{ type_url: `${typePrefix}google.rpc.ErrorInfo`, value: info }]
    if (violations.length > 0) {
      const request = badRequestMessage.serialize({ fieldViolations: [...violations] })
      anys.push({ type_url: `${typePrefix}google.rpc.BadRequest`, value: request })
    }
    return statusMessage.serialize({ code, message: details, details: anys })
  }
  for (let kept = error.violations.length; kept >= 0; kept = kept > 0 ? Math.floor(kept / 2) : -1) {
    const left = error.violations.length - kept
    const violations = error.violations.slice(0, kept)
    if (left > 0) violations.push({ field: '', description: `and ${left} more that did not fit` })
    const encoded = encode(violations, error.metadata)
    if (encoded.length <= errorDetailsBytesMax) return encoded
  }
  return encode([], {})
}

function kindOfCode(code: Code): { readonly kind: ErrorKind; readonly reason: string } {
  const reason = Code[code] ?? 'UNKNOWN'
  for (const [kind, known] of Object.entries(codeOfKind)) {
    if (known === code) return { kind: kind as ErrorKind, reason }
  }
  if (code === Code.ABORTED) return { kind: 'conflict', reason }
  if (code === Code.OUT_OF_RANGE) return { kind: 'invalid', reason }
  return { kind: 'internal', reason }
}

function wordStatus(error: ServiceError, address: string, method: string): string {
  const { code, details } = error
  if (code === Code.UNAVAILABLE) return `${address} cannot be reached for ${method}: ${details}`
  if (code === Code.DEADLINE_EXCEEDED) return `${address} did not answer ${method} in time: ${details}`
  if (code === Code.RESOURCE_EXHAUSTED) return `${method} at ${address}: ${details}; send less in one message`
  if (code === Code.UNIMPLEMENTED) return `${address} does not offer ${method}; is it of another version? ${details}`
  return `${method} at ${address}: ${details}`
}

/** Cuts a text so that it stays under the limit after percent-encoding, which is how gRPC sends it. */
function shorten(text: string, bytesMax: number): string {
  const wellFormed = text.toWellFormed()
  if (encodeURI(wellFormed).length <= bytesMax) return wellFormed
  let end = Math.min(wellFormed.length, bytesMax)
  const cut = (): string => `${wellFormed.slice(0, end).toWellFormed()}…`
  while (encodeURI(cut()).length > bytesMax) end = Math.floor(end * 0.9)
  return cut()
}

function tryDecode<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch {
    return null
  }
}

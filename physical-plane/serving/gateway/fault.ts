// Why a request was not answered, and how the two protocols say it: {"error": "..."} with an HTTP status, or a gRPC status.
// A table and nothing more, so that both always agree.
import { status } from '@grpc/grpc-js'

export type FaultKind =
  | 'malformed'
  | 'unknown'
  | 'too-large'
  | 'too-slow'
  | 'overloaded'
  | 'cold'
  | 'expired'
  | 'cancelled'
  | 'instance-died'
  | 'instance-refused'
  | 'internal'

const table: Readonly<Record<FaultKind, { readonly http: number; readonly grpc: status }>> = {
  malformed: { http: 400, grpc: status.INVALID_ARGUMENT },
  unknown: { http: 404, grpc: status.NOT_FOUND },
  'too-slow': { http: 408, grpc: status.DEADLINE_EXCEEDED },
  'too-large': { http: 413, grpc: status.RESOURCE_EXHAUSTED },
  overloaded: { http: 429, grpc: status.RESOURCE_EXHAUSTED },
  cancelled: { http: 499, grpc: status.CANCELLED },
  internal: { http: 500, grpc: status.INTERNAL },
  'instance-died': { http: 502, grpc: status.UNAVAILABLE },
  // An instance's own answer keeps its own status where there is one.
  'instance-refused': { http: 500, grpc: status.UNKNOWN },
  cold: { http: 503, grpc: status.UNAVAILABLE },
  expired: { http: 504, grpc: status.DEADLINE_EXCEEDED },
}

export type FaultDetails = {
  readonly retryAfterMs?: number | undefined
  /** As the instance said it. */
  readonly httpStatus?: number
  readonly grpcStatus?: status
}

export class GatewayFault extends Error {
  readonly kind: FaultKind
  readonly httpStatus: number
  readonly grpcStatus: status
  /** When it may be worth asking again; null: not because time passes. */
  readonly retryAfterMs: number | null

  constructor(kind: FaultKind, text: string, details: FaultDetails = {}) {
    super(text)
    this.name = 'GatewayFault'
    this.kind = kind
    this.httpStatus = details.httpStatus ?? table[kind].http
    this.grpcStatus = details.grpcStatus ?? table[kind].grpc
    this.retryAfterMs = details.retryAfterMs ?? null
  }
}

// What an error of the AWS SDK means. Codes are the services' own; where a HEAD request leaves none, the status tells.
import type { Failure, FailureKind } from '#regions/cloud/cloud-api.ts'

export const awsSignInHint =
  'sign in (for example with `aws sso login`), set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role'

export function classifyAws(error: unknown): Failure {
  const { name, status } = read(error)
  const code = name === '' || name === 'Error' || name === 'UnknownError' ? `HTTP ${status}` : name
  return { kind: kindOf(name, status), code }
}

function read(error: unknown): { readonly name: string; readonly status: number } {
  if (!(error instanceof Error)) return { name: '', status: 0 }
  const metadata = '$metadata' in error ? (error.$metadata as { readonly httpStatusCode?: number }) : {}
  return { name: error.name, status: metadata.httpStatusCode ?? 0 }
}

function kindOf(name: string, status: number): FailureKind {
  if (throttling.test(name) || status === 429) return 'throttled'
  if (credentials.has(name) || status === 401) return 'credentials'
  if (name === 'NoSuchBucket' || name === 'NotFound' || status === 404 || status === 301) return 'missing'
  if (status >= 500 || away.has(name)) return 'away'
  return 'refused'
}

const throttling =
  /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|BandwidthLimitExceeded|PriorRequestNotComplete/

const credentials = new Set([
  'AuthFailure',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidToken',
  'MissingAuthenticationToken',
  'OptInRequired',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException',
])

const away = new Set([
  'TimeoutError',
  'RequestTimeout',
  'RequestTimeoutException',
  'InternalError',
  'ServiceUnavailable',
])

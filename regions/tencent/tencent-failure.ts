// What an error of Tencent Cloud's SDK means. It keeps the code that the cloud gave, the HTTP status where there was no such answer,
// and neither where there was no answer at all.
import type { Failure, FailureKind } from '#regions/cloud/cloud-api.ts'

export const tencentSignInHint =
  'set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, write ~/.tencentcloud/credentials, or give the machine a role'

export function classifyTencent(error: unknown): Failure {
  const { code = '', httpCode = 0 } = (error instanceof Error ? error : {}) as {
    readonly code?: string
    readonly httpCode?: number
  }
  if (code === '' && httpCode === 0) return { kind: 'away', code: 'NoAnswer' }
  if (code === '') return { kind: kindOfStatus(httpCode), code: `HTTP ${httpCode}` }
  return { kind: kindOfCode(code), code }
}

function kindOfStatus(status: number): FailureKind {
  if (status === 429) return 'throttled'
  return status >= 500 ? 'away' : 'refused'
}

function kindOfCode(code: string): FailureKind {
  if (code.startsWith('RequestLimitExceeded')) return 'throttled'
  if (/^(InternalError|InternalServerError|ServiceUnavailable)/.test(code)) return 'away'
  if (/^(UnauthorizedOperation|AuthFailure\.UnauthorizedOperation)/.test(code)) return 'refused'
  if (code.startsWith('AuthFailure')) return 'credentials'
  if (/^(ResourceNotFound|UnsupportedRegion)/.test(code)) return 'missing'
  return 'refused'
}

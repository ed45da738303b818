// Requests over kept connections: the same one again and again, of whose answers only the status is looked at.
import type { Pool } from 'undici'
import { messageOf } from '#runtime/errors.ts'
import { loadLimits } from './config.ts'
import type { Outcome } from './run-load.ts'

export type SenderOptions = { readonly name: string; readonly body: string; readonly timeoutMs: number }

export function httpSender(
  pool: Pool,
  { name, body, timeoutMs }: SenderOptions,
): (signal: AbortSignal) => Promise<Outcome> {
  const request = {
    path: `/v2/models/${name}/infer`,
    method: 'POST' as const,
    headers: { 'content-type': 'application/json', 'x-request-timeout-ms': String(timeoutMs) },
    body: Buffer.from(body),
    // The gateway keeps the time; a while later it is given up on.
    headersTimeout: timeoutMs + 5_000,
    bodyTimeout: timeoutMs + 5_000,
  }
  return async (signal) => {
    try {
      const { statusCode, body: answer } = await pool.request({ ...request, signal })
      await answer.dump({ limit: Number.MAX_SAFE_INTEGER })
      return { status: statusCode }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : messageOf(error)
      return { fault: code.slice(0, loadLimits.faultCharactersMax) }
    }
  }
}

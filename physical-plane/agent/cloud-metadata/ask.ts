// One question to a metadata service, with a deadline. They answer in milliseconds or, outside of their cloud, never.
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { answerBytesMax, answerMs } from './config.ts'

export type Question = {
  readonly url: string
  readonly method?: 'GET' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
}

/** The answer's text; null where there is nothing under that address. */
export async function ask({ url, method = 'GET', headers = {} }: Question, clock: Clock): Promise<string | null> {
  const late = new AbortController()
  const timer = clock.after(answerMs, () => late.abort(new Error(`no answer within ${answerMs} ms`)))
  try {
    const answer = await fetch(url, { method, headers, signal: late.signal, redirect: 'error' })
    const text = await answer.text()
    if (answer.status === 404) return null
    if (!answer.ok) throw new Error(`it answers ${answer.status}`)
    if (text.length > answerBytesMax) throw new Error(`its answer has ${text.length} characters`)
    return text.trim()
  } catch (error) {
    const why = late.signal.aborted ? messageOf(late.signal.reason) : messageOf(error)
    const text = `the metadata service at ${url} can not be used: ${why}; is this machine in that cloud?`
    throw new CloudlessError('unavailable', 'NO_METADATA', text, { cause: error })
  } finally {
    timer.cancel()
  }
}

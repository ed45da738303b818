// One API of a cloud: no more requests than it grants (p-queue), again after it was busy or away (p-retry, with back-off and
// jitter), and never waiting for ever (a deadline). What fails in the end is told by code and message of the cloud; the request
// itself, which carries signatures, stays out of errors and logs.
import PQueue from 'p-queue'
import pRetry from 'p-retry'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import { failureTextMax, type CloudLimits } from './config.ts'

export type FailureKind =
  /** Asked too often. */
  | 'throttled'
  /** No answer, or one that says it is the cloud's fault. */
  | 'away'
  /** None, wrong ones or expired ones. */
  | 'credentials'
  /** What was asked for does not exist. */
  | 'missing'
  /** Not allowed, or not understood. */
  | 'refused'

export type Failure = { readonly kind: FailureKind; /** As the cloud calls it. */ readonly code: string }

export type CloudApiOptions = {
  /** For example "AWS EC2". */
  readonly name: string
  readonly limits: CloudLimits
  readonly clock: Clock
  readonly random: Random
  readonly classify: (error: unknown) => Failure
  /** What a person can do about credentials of this cloud. */
  readonly signInHint: string
}

export class CloudApi {
  readonly #options: CloudApiOptions
  readonly #queue: PQueue

  constructor(options: CloudApiOptions) {
    const { requestsPerSecond, requestsAtOnce } = options.limits
    this.#options = options
    this.#queue = new PQueue({ concurrency: requestsAtOnce, interval: 1000, intervalCap: requestsPerSecond })
  }

  /** `what` is for messages: "DescribeRegions in us-east-1". */
  async call<T>(what: string, signal: AbortSignal, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { limits, clock, random, classify } = this.#options
    try {
      return await pRetry(() => this.#queue.add(() => this.#once(signal, request), { signal }), {
        retries: limits.attemptsMax - 1,
        // Waiting is ours, on the clock that we were given.
        minTimeout: 0,
        maxTimeout: 0,
        signal,
        shouldRetry: ({ error }) => isTransient(kindOf(error, classify)),
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          if (retriesLeft === 0 || !isTransient(kindOf(error, classify))) return
          const most = Math.min(limits.backOffMaxMs, limits.backOffMs * 2 ** (attemptNumber - 1))
          // Half of it by chance, so that many who were refused together do not come back together.
          await clock.sleep(most * (0.5 + random.next() / 2), signal)
        },
      })
    } catch (error) {
      throw this.#toldTo(what, error, signal)
    }
  }

  async #once<T>(signal: AbortSignal, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, limits } = this.#options
    const deadline = new AbortController()
    const onAbort = (): void => deadline.abort(signal.reason)
    signal.throwIfAborted()
    signal.addEventListener('abort', onAbort, { once: true })
    const late = Promise.withResolvers<never>()
    const timer = clock.after(limits.deadlineMs, () => {
      late.reject(new DeadlineError(limits.deadlineMs))
      deadline.abort()
    })
    try {
      // Not every SDK ends its request at once when it is told to.
      return await Promise.race([request(deadline.signal), late.promise])
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
    }
  }

  #toldTo(what: string, error: unknown, signal: AbortSignal): CloudlessError {
    if (signal.aborted) return new CloudlessError('cancelled', 'INTERRUPTED', 'interrupted')
    if (error instanceof CloudlessError) return error
    const { name, classify, limits, signInHint } = this.#options
    const { kind, code } = failureOf(error, classify)
    const said = `${code}: ${messageOf(error)}`.replace(/\s+/g, ' ').slice(0, failureTextMax)
    const text = `${name} ${what}`
    switch (kind) {
      case 'throttled':
      case 'away':
        return new CloudlessError(
          'unavailable',
          'CLOUD_UNAVAILABLE',
          `${text} failed ${limits.attemptsMax} times, last with ${said}; try again later`,
        )
      case 'credentials':
        return new CloudlessError('conflict', 'CLOUD_CREDENTIALS', `${text} was refused with ${said}; ${signInHint}`)
      case 'missing':
        return new CloudlessError('not-found', 'CLOUD_MISSING', `${text} found nothing: ${said}`)
      case 'refused':
        return new CloudlessError('conflict', 'CLOUD_REFUSED', `${text} was refused with ${said}`)
    }
  }
}

/** A cloud answered what can not be; what it said is not used. */
export function unbelievable(what: string, found: string): CloudlessError {
  return new CloudlessError('unavailable', 'CLOUD_ANSWER', `${what} ${found}; nothing of the answer is used`)
}

class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs / 1000} s`)
  }
}

function failureOf(error: unknown, classify: CloudApiOptions['classify']): Failure {
  if (error instanceof DeadlineError) return { kind: 'away', code: 'Deadline' }
  if (error instanceof CloudlessError) return { kind: 'refused', code: error.reason }
  return networkFailureOf(error) ?? classify(error)
}

function kindOf(error: unknown, classify: CloudApiOptions['classify']): FailureKind {
  return failureOf(error, classify).kind
}

function isTransient(kind: FailureKind): boolean {
  return kind === 'throttled' || kind === 'away'
}

/** What Node says of a connection, in the error or in its cause. */
function networkFailureOf(error: unknown): Failure | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const code = 'code' in at ? String(at.code) : ''
    if (/^(ECONN|EPIPE|ENOTFOUND|EAI_|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR)/.test(code)) {
      return { kind: 'away', code }
    }
  }
  return null
}

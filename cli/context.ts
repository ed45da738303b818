// What every command is given: where to print, the time, the environment and the chosen server.
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import type { ExitCode } from './exit-codes.ts'
import type { Output } from './output.ts'
import { cloudlessHome, findServer, type Environment } from './server-address.ts'
import { openServices, type Services } from './services.ts'

export type Context = {
  readonly clock: Clock
  readonly random: Random
  readonly environment: Environment
  readonly output: Output
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  /** CLOUDLESS_HOME. */
  readonly home: string
  /** --server, when given. */
  readonly server: string | null
}

/** Wraps a command's work for commander: builds the context, reports errors, sets the exit code. */
export type Run = <Arguments extends unknown[]>(
  work: (context: Context, ...given: Arguments) => Promise<ExitCode>,
) => (...given: Arguments) => Promise<void>

export function connect(context: Context): Services {
  return openServices(findServer(context.server, context.environment, context.home), context.clock)
}

export function homeOf(environment: Environment): string {
  return cloudlessHome(environment)
}

export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new CloudlessError('cancelled', 'INTERRUPTED', 'interrupted')
}

// Structured logs (pino) with the process's clock. Fields first, then a message: `log.info({ jobId }, 'job placed')`.
import pino from 'pino'
import type { Clock } from './clock.ts'

export type LogFields = Readonly<Record<string, unknown>>

export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  child(fields: LogFields): Log
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export type LogOptions = {
  /** The program, for example "agent". */
  readonly name: string
  readonly level: LogLevel
  readonly clock: Clock
  /** A file; standard error when absent, so that standard output stays free for results. */
  readonly path?: string
}

export function openLog(options: LogOptions): Log {
  const destination = pino.destination({ dest: options.path ?? 2, sync: true, mkdir: true })
  return pino(
    {
      level: options.level,
      base: { name: options.name },
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['token', 'password', 'secret', '*.token', '*.password', '*.secret'], censor: '[redacted]' },
    },
    destination,
  )
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
}

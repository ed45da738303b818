// Runs a helper program to its end, line by line, with its last output kept for an error message.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { CloudlessError } from '#runtime/errors.ts'
import { limits } from './config.ts'
import type { Environment } from './server-address.ts'

export type ChildOptions = {
  readonly environment: Environment
  readonly signal: AbortSignal
  readonly folder?: string
  readonly onLine?: (line: string) => void
}

export type ChildResult = {
  /** Null when the program could not be started. */
  readonly status: number | null
  readonly stdout: string
  /** The end of what it printed, both streams, for people. */
  readonly tail: string
}

export async function runChild(command: string, args: readonly string[], options: ChildOptions): Promise<ChildResult> {
  const child = spawn(command, args, {
    env: { ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal,
    killSignal: 'SIGTERM',
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
  })
  const stdout: string[] = []
  const tail: string[] = []
  let stdoutLength = 0
  let tailLength = 0
  const take = (line: string, isStdout: boolean): void => {
    if (isStdout && stdoutLength < limits.childTextBytesMax) {
      stdout.push(line)
      stdoutLength += line.length
    }
    tail.push(line)
    tailLength += line.length
    while (tailLength > limits.childTextBytesMax && tail.length > 1) tailLength -= tail.shift()!.length
    options.onLine?.(line)
  }
  createInterface({ input: child.stdout }).on('line', (line) => take(line, true))
  createInterface({ input: child.stderr }).on('line', (line) => take(line, false))
  const status = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      tail.push(error.message)
      if (child.pid === undefined) resolve(null)
    })
    child.on('close', (code) => resolve(code ?? 1))
  })
  if (options.signal.aborted)
    throw new CloudlessError('cancelled', 'INTERRUPTED', `interrupted while running ${command}`)
  return { status, stdout: stdout.join('\n'), tail: tail.join('\n') }
}

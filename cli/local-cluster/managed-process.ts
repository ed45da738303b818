// One long-running process of a local cluster: in its own process group (a Ctrl-C in the terminal reaches us alone, and
// we stop things in order), its standard error in a log file, ready when it prints one line of JSON, started again when
// it dies unasked.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from '../config.ts'
import type { Environment } from '../server-address.ts'
import { identify, signalProcess, type ProcessIdentity } from './process-identity.ts'

export type ProcessOptions = {
  readonly name: string
  readonly arguments: readonly string[]
  readonly environment: Environment
  readonly logPath: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

export type RunningProcess = {
  readonly identity: ProcessIdentity
  /** The line of JSON that said it is ready. */
  readonly ready: Readonly<Record<string, unknown>>
  /** Resolves with a sentence when the process has ended. */
  readonly ended: Promise<string>
  /** SIGTERM, then after a grace time SIGKILL to the group. */
  stop(): Promise<void>
}

export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  mkdirSync(dirname(options.logPath), { recursive: true, mode: 0o700 })
  const log = openSync(options.logPath, 'a', 0o600)
  const logStartBytes = statSync(options.logPath).size
  const child = spawn(process.execPath, [...options.arguments], {
    detached: true,
    stdio: ['ignore', 'pipe', log],
    env: { ...options.environment },
  })
  closeSync(log)
  const ended = endOf(child, options.name)
  const identity = child.pid === undefined ? null : identify(child.pid)
  try {
    const ready = await firstLine(child, ended, options)
    if (identity === null) throw new Error(`has no process id`)
    return { identity, ready, ended, stop: () => stop(identity, ended, options.clock) }
  } catch (error) {
    if (identity !== null) await stop(identity, ended, options.clock)
    if (options.signal.aborted) throw new CloudlessError('cancelled', 'INTERRUPTED', 'interrupted', { cause: error })
    const text = readFileSync(options.logPath)
      .subarray(logStartBytes)
      .toString('utf8')
      .trim()
      .split('\n')
      .slice(-5)
      .join('\n')
    const why = error instanceof Error ? error.message : String(error)
    throw new CloudlessError('unavailable', 'START_FAILED', `${options.name} did not start: ${why}\n${text}`.trim(), {
      cause: error,
    })
  }
}

function endOf(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(`${name} could not be run: ${error.message}`))
    child.on('exit', (code, signal) => resolve(`${name} ended with ${signal ?? `status ${code}`}`))
  })
}

async function firstLine(
  child: ChildProcess,
  ended: Promise<string>,
  options: ProcessOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const isOver = new AbortController()
  try {
    const line = await Promise.race([
      new Promise<string>((resolve) => {
        // Later lines are read and dropped, so that the child never blocks on a full pipe.
        createInterface({ input: child.stdout! }).on('line', resolve)
      }),
      ended.then((text) => Promise.reject(new Error(text))),
      options.clock.sleep(waits.processReadyMs, AbortSignal.any([options.signal, isOver.signal])).then(() => {
        throw new Error(options.signal.aborted ? 'interrupted' : `not ready after ${waits.processReadyMs / 1000} s`)
      }),
    ])
    return parseReady(line)
  } finally {
    isOver.abort()
  }
}

function parseReady(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    throw new Error(`printed "${line.slice(0, 200)}" instead of being ready`)
  }
}

async function stop(identity: ProcessIdentity, ended: Promise<string>, clock: Clock): Promise<void> {
  signalProcess(identity, 'SIGTERM', false)
  const isOver = new AbortController()
  const hasEnded = await Promise.race([
    ended.then(() => true),
    clock.sleep(waits.processStopMs, isOver.signal).then(() => false),
  ])
  isOver.abort()
  if (hasEnded) return
  signalProcess(identity, 'SIGKILL', true)
  await ended
}

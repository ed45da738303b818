// Looks after the processes of a local cluster: keeps the list on disk, starts a dead one again with back-off, gives up
// on one that keeps dying, stops all in the opposite order of their start.
import { join } from 'node:path'
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Environment } from '../server-address.ts'
import { startProcess, type RunningProcess } from './managed-process.ts'
import type { ProcessIdentity } from './process-identity.ts'

export type Ready = Readonly<Record<string, unknown>>

export type Program = {
  readonly name: string
  /** `earlier` is what the previous run of this program said when it was ready. */
  readonly argumentsFor: (earlier: Ready | null) => readonly string[]
  readonly environment?: Environment
}

export type SupervisorOptions = {
  readonly folder: string
  readonly environment: Environment
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly note: (text: string) => void
  readonly onChange: (processes: Supervisor['processes']) => void
  /** How long the first restart of a dead process waits; each further one waits twice as long. */
  readonly restartAfterMs: number
}

export type Supervisor = {
  readonly processes: readonly ({ readonly name: string } & ProcessIdentity)[]
  readonly failed: Promise<string>
  start(program: Program): Promise<Ready>
  onChange(listener: SupervisorOptions['onChange']): void
  stop(): Promise<void>
}

const restartsMax = 5

export function openSupervisor(options: SupervisorOptions): Supervisor {
  const running = new Map<string, RunningProcess>()
  const { promise: failed, resolve: fail } = Promise.withResolvers<string>()
  const stopping = new AbortController()
  const pending = new Set<Promise<void>>()
  let listener = options.onChange
  const list = (): Supervisor['processes'] => [...running].map(([name, { identity }]) => ({ name, ...identity }))

  const launch = async (program: Program, earlier: Ready | null): Promise<RunningProcess> => {
    const started = await startProcess({
      name: program.name,
      arguments: program.argumentsFor(earlier),
      environment: { ...options.environment, ...program.environment },
      logPath: join(options.folder, 'logs', `${program.name}.log`),
      clock: options.clock,
      signal: AbortSignal.any([options.signal, stopping.signal]),
    })
    running.set(program.name, started)
    listener(list())
    return started
  }

  const lookAfter = async (program: Program, first: RunningProcess): Promise<void> => {
    let current = first
    for (let restarts = 0; ; restarts++) {
      const text = await current.ended
      if (stopping.signal.aborted) return
      running.delete(program.name)
      listener(list())
      if (restarts >= restartsMax) return fail(`${text} for the ${restarts + 1}th time; giving up on it`)
      options.note(`${text}; starting it again`)
      await options.clock.sleep(options.restartAfterMs * 2 ** restarts, stopping.signal)
      if (stopping.signal.aborted) return
      try {
        current = await launch(program, current.ready)
      } catch (error) {
        if (!stopping.signal.aborted) fail(messageOf(error))
        return
      }
    }
  }

  return {
    get processes() {
      return list()
    },
    failed,
    start: async (program) => {
      const started = await launch(program, null)
      const care = lookAfter(program, started)
      pending.add(care)
      void care.finally(() => pending.delete(care))
      return started.ready
    },
    onChange: (next) => {
      listener = next
      listener(list())
    },
    stop: async () => {
      stopping.abort()
      // Agents together, then the links, then the control plane, which takes the agents' last words.
      const named = [...running].reverse()
      await Promise.all(named.filter(([name]) => name.startsWith('agent')).map(([, each]) => each.stop()))
      for (const [name, each] of named) if (!name.startsWith('agent')) await each.stop()
      await Promise.all(pending)
      running.clear()
    },
  }
}

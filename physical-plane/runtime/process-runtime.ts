// Instances as child processes, each in its own process group. A run outlives a killed agent: its output goes to a file
// that it appends to itself, and a small shell around it writes the exit code to a file by rename. The next agent finds
// the record, takes the run over when pid and start time agree, and kills what is left of runs that ended.
// Limits: Linux; a process that leaves the group and also clears its environment is not found.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { assert, present } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { processLimits } from './config.ts'
import { isAlive, processesOfRun, readBootId, readStat, runMark } from './proc.ts'
import {
  filesOf,
  modifiedAtMs,
  readExit,
  readRecords,
  writeRecord,
  type InstanceFiles,
  type RunRecord,
} from './run-record.ts'
import type { Exit, RecoveredRun, Run, Runtime, Slice } from './runtime.ts'

export type Program = {
  readonly executable: string
  readonly arguments: readonly string[]
  readonly folder: string
  /** The whole environment; nothing is inherited. */
  readonly environment: Readonly<Record<string, string>>
}

export type ProgramOrder = {
  readonly instanceId: string
  readonly jobId: string
  readonly attempt: number
  readonly slices: readonly Slice[]
  readonly program: Program
}

export type ProcessRuntimeOptions = {
  /** Where instances have their folders. One runtime at a time uses it. */
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

type Live = { readonly record: RunRecord; readonly exited: Promise<Exit> }

// The shell outlives SIGTERM to the group (`trap :` is undone in the program it starts), so that the code is written. Its
// own remarks ("Terminated") are not the program's output and stay out of the log.
const wrapper = `trap : TERM INT HUP
ulimit -c 0
ulimit -S -n ${processLimits.openFilesMax} 2>/dev/null || ulimit -S -n "$(ulimit -H -n)" 2>/dev/null
exit_file=$1
shift
exec 3>&2 2>/dev/null
(exec 2>&3 3>&-; exec "$@")
code=$?
printf '%s\\n' "$code" >"$exit_file.new" && mv -f "$exit_file.new" "$exit_file"
exit "$code"`

export class ProcessRuntime implements Runtime<ProgramOrder> {
  readonly #options: ProcessRuntimeOptions
  readonly #bootId = readBootId()
  readonly #live = new Map<string, Live>()

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options
  }

  async recover(): Promise<readonly RecoveredRun[]> {
    assert(this.#live.size === 0, 'recover is called once, before the first launch')
    const { folder, log } = this.#options
    const records = await readRecords(folder, (path, why) => log.error({ path, why }, 'run record cannot be read'))
    return records.map((record) => {
      const { process, bootId } = record
      const wasAlive = process !== null && bootId === this.#bootId && isAlive(process.pid, process.startTicks)
      const exited = wasAlive ? this.#watchAdopted(record) : this.#end(record, null)
      if (wasAlive) this.#track({ record, exited })
      return { ...runOf(record, exited), wasAlive }
    })
  }

  async launch(order: ProgramOrder): Promise<Run> {
    const { instanceId, jobId, attempt, slices } = order
    assert(!this.#live.has(instanceId), `${instanceId} is launched while its previous run is alive`)
    const files = this.#files(instanceId)
    const launching: RunRecord = {
      instanceId,
      jobId,
      attempt,
      slices: [...slices],
      startedAtMs: this.#options.clock.now(),
      mark: this.#options.random.uuid(),
      bootId: this.#bootId,
      process: null,
    }
    // Written before the process exists: after a crash in between, the mark finds what was started.
    await writeRecord(files, launching)
    await rm(files.exit(attempt), { force: true })
    const child = await start(order.program, files, attempt, launching.mark)
    const pid = present(child.pid, 'pid of a started process')
    const record: RunRecord = { ...launching, process: { pid, startTicks: readStat(pid)?.startTicks ?? 0 } }
    const live: Live = { record, exited: this.#watchChild(record, child) }
    this.#track(live)
    // A disk that is full now costs the adoption of this run, not the run.
    await writeRecord(files, record).catch((error: unknown) =>
      this.#options.log.error({ instanceId, why: messageOf(error) }, 'run record could not be completed'),
    )
    return runOf(record, live.exited)
  }

  async stop(instanceId: string, graceMs: number): Promise<void> {
    const live = this.#live.get(instanceId)
    if (live === undefined) return
    signalGroup(live.record, 'SIGTERM')
    const timer = this.#options.clock.after(graceMs, () => signalGroup(live.record, 'SIGKILL'))
    await live.exited
    timer.cancel()
  }

  async readLog(instanceId: string, offset: number, bytesMax: number): Promise<Uint8Array> {
    const file = await open(this.#files(instanceId).log, 'r').catch(ifMissing(null))
    if (file === null) return new Uint8Array(0)
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(bytesMax), 0, bytesMax, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }

  async logBytes(instanceId: string): Promise<number> {
    const found = await stat(this.#files(instanceId).log).catch(ifMissing(null))
    return found?.size ?? 0
  }

  async forget(instanceId: string): Promise<void> {
    assert(!this.#live.has(instanceId), `${instanceId} is forgotten while its run is alive`)
    await rm(this.#files(instanceId).folder, { recursive: true, force: true })
  }

  #files(instanceId: string): InstanceFiles {
    return filesOf(this.#options.folder, instanceId)
  }

  #track(live: Live): void {
    const { instanceId } = live.record
    this.#live.set(instanceId, live)
    void live.exited.then(() => this.#live.delete(instanceId))
  }

  async #watchChild(record: RunRecord, child: ChildProcess): Promise<Exit> {
    const seen = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    return this.#end(record, { ...seen, endedAtMs: this.#options.clock.now() })
  }

  async #watchAdopted(record: RunRecord): Promise<Exit> {
    const { pid, startTicks } = present(record.process, 'process of an adopted run')
    while (isAlive(pid, startTicks)) await this.#options.clock.sleep(processLimits.pollMs)
    return this.#end(record, null)
  }

  /** The leader is gone: kills what is left of the run and says how it ended. */
  async #end(record: RunRecord, seen: Exit | null): Promise<Exit> {
    const { clock, log } = this.#options
    const { instanceId, attempt, mark, process: leader } = record
    // Only a leader that was seen to die here vouches that the group's number is still the run's.
    const group = seen === null ? null : (leader?.pid ?? null)
    let patienceEndsAtMs = clock.monotonicMs() + processLimits.killPatienceMs
    // Looked for twice: a process in the middle of an exec shows no environment, and so no mark, for a moment.
    for (let looksLeft = 2; looksLeft > 0; looksLeft -= 1) {
      const left = processesOfRun(mark, group)
      if (left.length > 0) looksLeft = 3
      for (const pid of left) killQuietly(pid, 'SIGKILL')
      if (left.length > 0 && clock.monotonicMs() >= patienceEndsAtMs) {
        log.warn({ instanceId, attempt, left }, 'killed processes are still there; the slice stays taken until they go')
        patienceEndsAtMs = clock.monotonicMs() + processLimits.killPatienceMs
      }
      await clock.sleep(processLimits.pollMs / 10)
    }
    const files = this.#files(instanceId)
    const written = readExit(files, attempt)
    if (written !== null) return { ...exitOfShell(written.code), endedAtMs: seen?.endedAtMs ?? written.endedAtMs }
    if (seen !== null && seen.code !== null) return { ...seen, ...exitOfShell(seen.code) }
    if (seen !== null) return seen
    // Nobody saw the end. The last output is the last proof of life.
    return { code: null, signal: 'SIGKILL', endedAtMs: Math.max(record.startedAtMs, modifiedAtMs(files.log) ?? 0) }
  }
}

async function start(program: Program, files: InstanceFiles, attempt: number, mark: string): Promise<ChildProcess> {
  const output = openSync(files.log, 'a', 0o600)
  try {
    const child = spawn(
      '/bin/sh',
      ['-c', wrapper, 'cloudless', files.exit(attempt), program.executable, ...program.arguments],
      {
        cwd: program.folder,
        env: { ...program.environment, [runMark]: mark },
        detached: true,
        stdio: ['ignore', output, output],
      },
    )
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (error) =>
        reject(
          new CloudlessError(
            'unavailable',
            'LAUNCH_FAILED',
            `${program.executable} could not be started in ${program.folder}: ${messageOf(error)}`,
            { cause: error },
          ),
        ),
      )
    })
    return child
  } finally {
    closeSync(output)
  }
}

/** A shell reports a signal n as code 128 + n. */
function exitOfShell(code: number): { readonly code: number | null; readonly signal: string | null } {
  if (code <= 128) return { code, signal: null }
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0]
  return name === undefined ? { code, signal: null } : { code: null, signal: name }
}

function signalGroup(record: RunRecord, signal: NodeJS.Signals): void {
  const { process: leader } = record
  // The group's number is the run's for sure only while its leader lives; `#end` deals with the rest.
  if (leader !== null && isAlive(leader.pid, leader.startTicks)) killQuietly(-leader.pid, signal)
}

function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already, which is what was wanted.
  }
}

function runOf(record: RunRecord, exited: Promise<Exit>): Run {
  const { instanceId, jobId, attempt, slices, startedAtMs } = record
  return { instanceId, jobId, attempt, slices, startedAtMs, exited }
}

function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return value
    throw error
  }
}

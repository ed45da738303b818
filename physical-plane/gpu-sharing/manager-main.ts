// A manager as a process of its own, for benchmarks and other supervisors: `manager-main.ts --config FILE`. Needs Node and nothing
// else. First line of output: {"path": the shared file}. A pipe on standard input is followed: {"tag": "1", "latency_ms": 12,
// "requests": 40} says what a function's objective meets, {"uses": true} is answered with a line, its end ends the manager.
import { fstatSync, readFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import type { Log, LogFields } from '#runtime/log.ts'
import { sharingConfig } from './config.ts'
import { systemProcesses } from './system-processes.ts'
import type { GpuSharing, LatencySample } from './gpu-sharing.ts'
import { decodeManagerFile } from './manager-config.ts'
import { openSharing } from './sharing.ts'

const usage = 'manager-main.ts --config FILE'

/** Lines of JSON on standard error. */
function plainLog(bound: LogFields): Log {
  const write =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      void process.stderr.write(`${JSON.stringify({ level, ...bound, ...fields, msg: message })}\n`)
  return {
    debug: () => {},
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => plainLog({ ...bound, ...fields }),
  }
}

function main(): void {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined) throw invalid([{ field: '--config', description: `is missing; ${usage}` }])
  const file = decodeManagerFile(readFileSync(values.config, 'utf8'))
  const log = plainLog({ name: 'gpu-manager' })
  raisePriority(log)
  const latencies = new Map<bigint, LatencySample>()
  const sharing = openSharing(
    { folder: file.folder, owner: `${process.pid}` },
    {
      clock: systemClock(),
      monotonicNs: () => Number(process.hrtime.bigint()),
      processes: systemProcesses,
      log,
      config: sharingConfig,
    },
  )
  const { path } = sharing.addDevice(file.device)
  const stop = (): never => {
    sharing.close({ removesFiles: true })
    process.exit(0)
  }
  try {
    for (const instance of file.instances)
      sharing.register({ ...instance, latency: () => latencies.get(instance.tag) ?? null })
  } catch (error) {
    sharing.close({ removesFiles: true })
    throw error
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.stdout.write(`${JSON.stringify({ path })}\n`)
  followInput(sharing, latencies, stop)
}

/** Ticks that come in time tune sooner; nothing that protects a request waits for them. */
function raisePriority(log: Log): void {
  try {
    setPriority(constants.priority.PRIORITY_HIGH)
  } catch (error) {
    log.info({ error: messageOf(error) }, 'priority stays as it is')
  }
}

/** Only a pipe or a socket: a supervisor that gives /dev/null does not mean the end. */
function followInput(sharing: GpuSharing, latencies: Map<bigint, LatencySample>, stop: () => never): void {
  const input = fstatSync(0)
  if (!input.isFIFO() && !input.isSocket()) return
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const answer = take(line, sharing, latencies)
    if (answer !== null) process.stdout.write(`${answer}\n`)
  })
  lines.on('close', stop)
}

function take(line: string, sharing: GpuSharing, latencies: Map<bigint, LatencySample>): string | null {
  const shown = line.slice(0, 200)
  try {
    const said: unknown = JSON.parse(line)
    if (typeof said !== 'object' || said === null) return JSON.stringify({ error: `no object: ${shown}` })
    const { uses, tag, latency_ms: latencyMs, requests } = said as Record<string, unknown>
    if (uses === true)
      return JSON.stringify({ uses: sharing.uses().map((use) => ({ ...use, tag: use.tag.toString() })) })
    const isSample = typeof tag === 'string' && typeof latencyMs === 'number' && typeof requests === 'number'
    if (!isSample || !/^\d{1,20}$/.test(tag))
      return JSON.stringify({ error: `give {"uses": true} or tag, latency_ms and requests: ${shown}` })
    const revision = (latencies.get(BigInt(tag))?.revision ?? 0) + 1
    latencies.set(BigInt(tag), { latencyMs, requests, revision })
    return null
  } catch (error) {
    return JSON.stringify({ error: `${messageOf(error)}: ${shown}` })
  }
}

try {
  main()
} catch (error) {
  process.stderr.write(`gpu-manager: ${messageOf(error)}\n`)
  process.exit(error instanceof CloudlessError && error.kind === 'invalid' ? 2 : 1)
}

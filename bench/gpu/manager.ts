// The manager of one device for the benchmark on real GPUs: GpuSharing as an agent uses it, told of its instances by a file and of
// measured latencies by lines of standard input. Imports no package, so that a carried Node is all it needs.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { sharingConfig } from '#physical-plane/gpu-sharing/config.ts'
import { systemProcesses } from '#physical-plane/gpu-sharing/device-manager.ts'
import type { LatencySample, SharedInstance } from '#physical-plane/gpu-sharing/gpu-sharing.ts'
import { openSharing } from '#physical-plane/gpu-sharing/sharing.ts'
import { systemClock } from '#runtime/clock.ts'
import type { Log, LogFields } from '#runtime/log.ts'

type Config = {
  readonly deviceId: string
  readonly memoryBytes: number
  /** Where the shared file lies. */
  readonly folder: string
  readonly instances: readonly (Omit<SharedInstance, 'tag' | 'deviceId' | 'latency'> & { readonly tag: string })[]
}

/** A line of standard input: what a server says of its latencies, or a question for what everybody uses. */
type Line =
  | { readonly uses: true }
  | { readonly tag: string; readonly latencyMs: number | null; readonly requests: number }

const { deviceId, memoryBytes, folder, instances } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Config
const latencies = new Map<string, LatencySample>()
const sharing = openSharing(
  { folder, owner: `bench ${process.pid}` },
  {
    clock: systemClock(),
    monotonicNs: () => Number(process.hrtime.bigint()),
    processes: systemProcesses,
    log: plainLog({}),
    config: sharingConfig,
  },
)
const { path } = sharing.addDevice({ deviceId, memoryBytes })
for (const instance of instances) {
  const latency = instance.objective === null ? null : () => latencies.get(instance.tag) ?? null
  sharing.register({ ...instance, tag: BigInt(instance.tag), deviceId, latency })
}
say({ path })

createInterface({ input: process.stdin })
  .on('line', (text) => hear(JSON.parse(text) as Line))
  .on('close', () => sharing.close({ removesFiles: true }))

function hear(line: Line): void {
  if ('uses' in line) {
    say(sharing.uses())
  } else if (line.latencyMs !== null) {
    const revision = (latencies.get(line.tag)?.revision ?? 0) + 1
    latencies.set(line.tag, { latencyMs: line.latencyMs, requests: line.requests, revision })
  }
}

function say(value: unknown): void {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? each.toString() : each))
  process.stdout.write(`${text}\n`)
}

/** Without the package that the agent logs with. */
function plainLog(fixed: LogFields): Log {
  const line = (fields: LogFields, message: string): void => {
    process.stderr.write(`${message} ${JSON.stringify({ ...fixed, ...fields })}\n`)
  }
  return { debug: () => {}, info: line, warn: line, error: line, child: (fields) => plainLog({ ...fixed, ...fields }) }
}

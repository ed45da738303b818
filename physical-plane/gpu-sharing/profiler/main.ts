// The profiler as a process: `main.ts --config FILE` profiles one function on a GPU of this machine. Each line of its output is an event
// as JSON: "device" once, "probe" after each, then "answer" or "none"; an error is {"kind": "error", ...} and exit code 1.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { openMps } from '#physical-plane/agent/mps.ts'
import { askSmi } from '#physical-plane/agent/nvidia/ask-smi.ts'
import { devicesOfLog } from '#physical-plane/agent/nvidia/devices-of-log.ts'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import { openLog, type Log } from '#runtime/log.ts'
import { systemRandom } from '#runtime/random.ts'
import { profileOnDevice, type GpuUnderTest, type Question } from './profile-on-device.ts'

const configSchema = z.strictObject({
  /** Where the interposer and what was found are kept. */
  folder: z.string().min(1),
  function: z.string().min(1).max(256),
  digest: z.string().max(128),
  work: z.enum(['inference', 'training']),
  program: z.strictObject({
    command: z.string().min(1),
    args: z.array(z.string()),
    folder: z.string().min(1),
    environment: z.record(z.string(), z.string()),
  }),
  slo_latency_ms: z.number().positive().nullable(),
  slo_percentile: z.number().positive().max(100).default(99),
  slo_per: z.enum(['request', 'token']).default('request'),
  rate_per_second: z.number().positive().nullable(),
  batches: z.array(z.int().min(1)).min(1).max(32),
  seconds_per_probe: z.number().min(0.1).max(600),
  device_model: z.string().nullable(),
  uses_mps: z.boolean(),
  is_anew: z.boolean(),
})
type Config = z.infer<typeof configSchema>

function tell(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined) throw invalid([{ field: '--config', description: 'is missing; name a JSON file' }])
  const config = decode(readFileSync(values.config, 'utf8'))
  const clock = systemClock()
  const log = openLog({ name: 'profiler', level: 'warn', clock })
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  const found = await chooseGpu(config.device_model)
  const mps = config.uses_mps
    ? await openMps({ folder: join(config.folder, 'mps'), environment: process.env, log: quiet(log) })
    : null
  try {
    const gpu: GpuUnderTest = { ...found, isMps: mps !== null }
    const { deviceId, model, driverVersion, isMps } = gpu
    tell({ kind: 'device', deviceId, model, driverVersion, isMps })
    await profileOnDevice(gpu, questionOf(config, mps?.pipeFolder ?? null), {
      clock,
      monotonicNs: () => Number(process.hrtime.bigint()),
      random: systemRandom(),
      log,
      signal: stop.signal,
      folder: config.folder,
      tell,
    })
  } finally {
    await mps?.stop()
  }
}

function decode(text: string): Config {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw invalid([{ field: '--config', description: `is no JSON: ${messageOf(error)}` }])
  }
  const decoded = configSchema.safeParse(content)
  if (decoded.success) return decoded.data
  throw invalid(decoded.error.issues.map(({ path, message }) => ({ field: path.join('.'), description: message })))
}

/** MPS that cannot be had is no news here. */
function quiet(log: Log): Log {
  return { ...log, info: () => {}, child: () => quiet(log) }
}

async function chooseGpu(model: string | null): Promise<Omit<GpuUnderTest, 'isMps'>> {
  const answer = await askSmi(process.env)
  if (answer.kind === 'failed') throw new CloudlessError('unavailable', 'NO_GPU', `nvidia-smi fails: ${answer.why}`)
  const gpus =
    answer.kind === 'absent' ? [] : devicesOfLog(answer.log, answer.migNames, { offBecause: '', mps: 'none' })
  const gpu = gpus.find((one) => model === null || one.model === model)
  if (gpu !== undefined && answer.kind === 'answered') {
    const { id: deviceId, memoryBytes } = gpu
    return { deviceId, memoryBytes, model: gpu.model, driverVersion: answer.log.driverVersion }
  }
  const here = [...new Set(gpus.map((one) => one.model))].join(', ')
  const because =
    here === '' ? 'this machine has no GPU that nvidia-smi knows' : `this machine has no ${model}, but ${here}`
  throw new CloudlessError('unavailable', 'NO_GPU', `${because}; profile on a machine that has one`)
}

function questionOf(config: Config, mpsPipeFolder: string | null): Question {
  const { program, work, slo_latency_ms: latencyMs } = config
  const mps = mpsPipeFolder === null ? {} : { CUDA_MPS_PIPE_DIRECTORY: mpsPipeFolder }
  return {
    key: { digest: config.digest, function: config.function },
    program: { ...program, environment: { ...program.environment, ...mps }, seconds: config.seconds_per_probe, work },
    slo: latencyMs === null ? null : { latencyMs, percentile: config.slo_percentile, per: config.slo_per },
    ratePerSecond: config.rate_per_second,
    batches: config.batches,
    isAnew: config.is_anew,
  }
}

try {
  await main()
} catch (error) {
  const { kind, reason } = error instanceof CloudlessError ? error : { kind: 'internal', reason: 'INTERNAL' }
  tell({ kind: 'error', error: { kind, reason, message: messageOf(error) } })
  process.exitCode = 1
}

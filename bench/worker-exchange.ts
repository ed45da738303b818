// What a session costs a worker: one push and pull of an 11 M-parameter model (like ResNet-18) beside a plain copy of the
// model's bytes in numpy, and a training step of the image model beside the plain PyTorch loop. Medians of one run.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findPython } from '#cli/python-environment.ts'
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { jobId, openOnePartition, region } from './worker-exchange/one-partition.ts'

const root = join(import.meta.dirname, '..')
const batch = 64
const leaseSamples = 10 * batch
const exchanges = 120
const blocks = 24
const stepsPerBlock = 20
/** Page faults, wasm compilation and caches. */
const warmUp = 10
const workerSecondsMax = 300
const setUpSecondsMax = 600

type ExchangeSeconds = {
  readonly parameters: number
  readonly steps: readonly number[]
  readonly copies: readonly number[]
}
type StepSeconds = { readonly session: readonly number[]; readonly plain: readonly number[] }

export async function run(options: BenchOptions): Promise<BenchResult> {
  const { clock, note } = options
  const python = await findInterpreter(options)
  const exchange = await measure<ExchangeSeconds>(clock, python, exchanges * batch, ['exchange'])
  const seconds = median(exchange.steps.slice(warmUp))
  const copySeconds = median(exchange.copies.slice(warmUp))
  note(`push and pull of ${exchange.parameters} parameters: ${ms(seconds)}, copy of their bytes: ${ms(copySeconds)}`)
  const samples = (blocks + 2) * stepsPerBlock * batch
  const example = join(root, 'examples/fashion-mnist')
  const args = ['steps', '--example', example, '--block', String(stepsPerBlock)]
  const steps = await measure<StepSeconds>(clock, python, samples, args)
  const perStep = (times: readonly number[]): number => median(times.slice(2)) / stepsPerBlock
  const ratios = steps.session.map((time, index) => time / steps.plain[index]!).slice(2)
  const [session, plain] = [perStep(steps.session), perStep(steps.plain)]
  note(`a step of the image model: ${ms(session)} with a session, ${ms(plain)} plain`)
  return {
    seconds,
    vs_memcpy: seconds / copySeconds,
    step_overhead: median(ratios) - 1,
    memcpy_seconds: copySeconds,
    step_seconds: session,
    step_seconds_plain: plain,
    parameters: exchange.parameters,
  }
}

/** Runs the Python side against a parameter server of its own in this process. */
async function measure<T>(clock: Clock, python: string, samples: number, args: readonly string[]): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cl-bench-'))
  const shard = { uri: pathToFileURL(join(folder, 'none')).href, samples }
  const job = { seed: 1, epochs: 1, shards: [shard], holdout: null }
  const server = await openOnePartition({ clock, folder, leaseSamples, job })
  try {
    return await ask<T>(python, server.address, [...args, '--samples', String(samples)])
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function ask<T>(python: string, address: string, args: readonly string[]): Promise<T> {
  const child = spawn(python, [join(root, 'bench/worker-exchange/measure.py'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: workerSecondsMax * 1000,
    env: {
      ...process.env,
      PYTHONPATH: join(root, 'physical-plane/worker'),
      PYTHONDONTWRITEBYTECODE: '1',
      OMP_NUM_THREADS: '1',
      CLOUDLESS_PARAMETER_SERVER: address,
      CLOUDLESS_JOB_ID: jobId,
      CLOUDLESS_INSTANCE_ID: 'bench',
      CLOUDLESS_ATTEMPT: '1',
      CLOUDLESS_REGION: region,
    },
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(JSON.parse(output) as T)
      const how = code === null ? `was ended by ${signal}` : `ended with ${code}`
      reject(new CloudlessError('internal', 'BENCH_FAILED', `${python} ${how}; its last words stand above`))
    })
  })
}

/** CLOUDLESS_PYTHON, or the one that `cloudless setup-python` makes. */
async function findInterpreter({ clock, note }: BenchOptions): Promise<string> {
  const environment = process.env
  const home = environment['CLOUDLESS_HOME'] ?? join(homedir(), '.cloudless')
  const signal = AbortSignal.timeout(setUpSecondsMax * 1000)
  return (await findPython({ environment, home, withTests: false, clock, note, signal })).python
}

function median(values: readonly number[]): number {
  assert(values.length > 0, 'a median needs values')
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

function ms(seconds: number): string {
  return `${(seconds * 1000).toFixed(2)} ms`
}

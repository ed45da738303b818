// The Python SDK against a real parameter server: partition, shared memory, bell and gRPC as in production, Python
// workers as processes of their own.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { jobId, modelName, openOnePartition, region, type OnePartition } from '#bench/worker-exchange/one-partition.ts'
import { systemClock } from '#runtime/clock.ts'

const python = process.env['CLOUDLESS_PYTHON'] ?? ''
if (python === '') process.stderr.write('worker-sdk: skipped, set CLOUDLESS_PYTHON to a Python with torch and grpcio\n')

const root = join(import.meta.dirname, '../..')
const samples = 200
let folder: string
let server: OnePartition

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cl-sdk-'))
})
afterEach(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(python === '')('a Python worker with a real parameter server', () => {
  test.for(['sgd', 'momentum', 'adamw'])(
    'one worker with %s ends where a plain PyTorch loop over the same batches ends',
    async (optimizer) => {
      server = await openServer()
      const { code, lines, errors } = await work([
        '--optimizer',
        optimizer,
        '--compare',
        '--model',
        join(folder, modelName),
      ]).ended
      expect(errors).not.toContain('Traceback')
      expect(code).toBe(0)
      expect(lines.find((line) => line.difference !== undefined)?.difference).toBeLessThan(1e-5)
      expectEachSampleOnce([lines], 2)
      expect(server.partition().progress()).toMatchObject({ phase: 'finished', samplesDone: 2 * samples, workers: 0 })
    },
  )

  test('a worker on another machine takes the tensors over the network to the same end', async () => {
    server = await openServer({ listen: { host: '127.0.0.1', port: 0 } })
    const { code, lines } = await work(['--optimizer', 'momentum', '--compare', '--model', join(folder, modelName)])
      .ended
    expect(code).toBe(0)
    expect(lines.find((line) => line.difference !== undefined)?.difference).toBeLessThan(1e-5)
    expectEachSampleOnce([lines], 2)
  })

  test('two workers use each sample once an epoch', async () => {
    server = await openServer({ epochs: 3 })
    const results = await Promise.all([work(['--pause-ms', '2']).ended, work(['--pause-ms', '2'], 'second').ended])
    expect(results.map(({ code }) => code)).toEqual([0, 0])
    expectEachSampleOnce(
      results.map(({ lines }) => lines),
      3,
    )
  })

  test('a worker killed in the middle of a lease loses nothing: others use its samples', async () => {
    server = await openServer()
    const killed = await work(['--die-at', '4']).ended
    expect(killed.signal).toBe('SIGKILL')
    const other = await work([], 'second').ended
    expect(other.code).toBe(0)
    expectEachSampleOnce([killed.lines, other.lines], 2)
    expect(server.partition().progress()).toMatchObject({ samplesDone: 2 * samples, leasesReturned: 1 })
  })

  test('evaluation runs at each epoch end and of the final model, on the chosen worker', async () => {
    server = await openServer({ hasHoldout: true })
    const { code, lines } = await work([]).ended
    expect(code).toBe(0)
    expect(lines.filter((line) => line.evaluated !== undefined)).toHaveLength(2)
    expect(server.partition().phase).toBe('finished')
  })

  test('a parameter server that crashes is joined again, and its history counts each sample once', async () => {
    server = await openServer({ epochs: 6 })
    const worker = work(['--pause-ms', '20'])
    await worker.untilSteps(12)
    await server.crash()
    await server.start()
    const { code, errors } = await worker.ended
    expect(code).toBe(0)
    expect(errors).toContain('joining again')
    expect(server.partition().progress()).toMatchObject({ phase: 'finished', samplesDone: 6 * samples })
  })

  test('a loss of NaN ends the worker before anything is pushed', async () => {
    server = await openServer()
    const { code, errors } = await work(['--nan-at', '1']).ended
    expect(code).toBe(1)
    expect(errors).toContain('NonFiniteLoss: loss is nan at step 1 of this worker, epoch 0: nothing was pushed')
    expect(server.partition().progress()).toMatchObject({ samplesDone: 0, steps: 0, workers: 0 })
  })

  test('an exception of the function ends the worker with its traceback, and its lease goes back', async () => {
    server = await openServer()
    const { code, errors } = await work(['--raise-at', '2']).ended
    expect(code).toBe(1)
    expect(errors).toContain("RuntimeError: the function's own mistake")
    expect(server.partition().progress()).toMatchObject({ samplesDone: 16, workers: 0, leasesReturned: 1 })
  })

  test('a dataset of another length than declared is refused with both numbers', async () => {
    server = await openServer()
    const { code, errors } = await work(['--samples', '150']).ended
    expect(code).toBe(1)
    expect(errors).toContain('DatasetMismatch: dataset has 150 samples but the job declares 200 for this region')
  })

  test.each([
    ['shards', 'shard'],
    ['holdout', 'holdout'],
  ])(
    'job data (%s) that is not there is refused before training, with address, region and fix',
    async (asked, kind) => {
      server = await openServer({ hasHoldout: true })
      const { code, errors } = await work(['--ask-for', asked]).ended
      expect(code).toBe(1)
      const path = join(folder, 'data')
      expect(errors).toContain(
        `DatasetMissing: ${kind} ${pathToFileURL(path).href} of region ${region}: ${path} does not exist`,
      )
      expect(errors).toContain('in job.yaml')
      expect(server.partition().progress()).toMatchObject({ samplesDone: 0, steps: 0, workers: 0 })
    },
  )

  test('a worker that starts before its parameter server waits for it', async () => {
    const worker = work([], 'early', `unix:${join(folder, 'worker.sock')}`)
    await worker.untilWaiting()
    server = await openServer()
    expect((await worker.ended).code).toBe(0)
    expect(server.partition().phase).toBe('finished')
  })
})

async function openServer(
  options: {
    readonly epochs?: number
    readonly hasHoldout?: boolean
    readonly listen?: { readonly host: string; readonly port: number }
  } = {},
): Promise<OnePartition> {
  const data = { uri: pathToFileURL(join(folder, 'data')).href, samples }
  return openOnePartition({
    clock: systemClock(),
    folder,
    leaseSamples: 48,
    job: { seed: 9, epochs: options.epochs ?? 2, shards: [data], holdout: options.hasHoldout === true ? data : null },
    ...(options.listen === undefined ? {} : { listen: options.listen }),
  })
}

type Line = {
  readonly epoch?: number
  readonly samples?: readonly number[]
  readonly difference?: number
  readonly evaluated?: number
}
type Ended = {
  readonly code: number | null
  readonly signal: string | null
  readonly lines: readonly Line[]
  readonly errors: string
}
type Work = {
  readonly ended: Promise<Ended>
  readonly untilSteps: (count: number) => Promise<void>
  readonly untilWaiting: () => Promise<void>
}

/** Starts a worker process as the agent would. */
function work(args: readonly string[], instanceId = 'first', address = server.address): Work {
  const child = spawn(python, [join(root, 'test/integration/worker-sdk/train.py'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PYTHONPATH: join(root, 'physical-plane/worker'),
      PYTHONDONTWRITEBYTECODE: '1',
      OMP_NUM_THREADS: '1',
      CLOUDLESS_PARAMETER_SERVER: address,
      CLOUDLESS_JOB_ID: jobId,
      CLOUDLESS_INSTANCE_ID: instanceId,
      CLOUDLESS_ATTEMPT: '1',
      CLOUDLESS_REGION: region,
    },
  })
  let output = ''
  let errors = ''
  const heard = new Set<() => void>()
  const hear = (): void => heard.forEach((check) => check())
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    hear()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
    hear()
  })
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (isSo()) resolve()
      }
      heard.add(check)
      check()
    })
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      const lines = output.split('\n').filter((line) => line !== '')
      resolve({ code, signal, errors, lines: lines.map((line) => JSON.parse(line) as Line) })
    })
  })
  const over = ended.then(() => {})
  return {
    ended,
    untilSteps: (count) => Promise.race([until(() => output.split('"samples"').length > count), over]),
    untilWaiting: () => Promise.race([until(() => errors.includes('waiting for the parameter server')), over]),
  }
}

function expectEachSampleOnce(workers: readonly (readonly Line[])[], epochs: number): void {
  for (let epoch = 0; epoch < epochs; epoch++) {
    const used = workers
      .flat()
      .filter((line) => line.epoch === epoch)
      .flatMap((line) => line.samples ?? [])
    expect(
      used.toSorted((a, b) => a - b),
      `samples of epoch ${epoch}`,
    ).toEqual(Array.from({ length: samples }, (_, index) => index))
  }
}

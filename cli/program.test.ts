// The whole command line against a real gRPC server with small services, all in this process.
// More than 400 lines, because one server with one answer per call stands behind all commands.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CostServiceHandlers } from '#proto/generated/cloudless/v1/CostService.ts'
import type { Job } from '#proto/generated/cloudless/v1/Job.ts'
import type { JobServiceHandlers } from '#proto/generated/cloudless/v1/JobService.ts'
import type { RegionServiceHandlers } from '#proto/generated/cloudless/v1/RegionService.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { serve, type RpcServer } from '#proto/rpc/serve.ts'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, invalid, notFound } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import type { ExitCode } from './exit-codes.ts'
import { runProgram } from './program.ts'

const model = Buffer.alloc(100_000, 'model')
const digest = createHash('sha256').update(model).digest('hex')

let server: RpcServer
let folder: string
const received: { bundles: Buffer[]; created: unknown[]; planned: unknown[]; states: string[]; resumed: unknown[] } = {
  bundles: [],
  created: [],
  planned: [],
  states: [],
  resumed: [],
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'))
  mkdirSync(join(folder, 'fn'))
  const files = { 'fn/train.py': 'print(1)\n', 'data.npz': 'data', 'job.yaml': jobFile('data.npz') }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  server = await serve({
    services: {
      'cloudless.v1.JobService': jobService(),
      'cloudless.v1.CostService': costService(),
      'cloudless.v1.RegionService': regionService(),
    },
    listen: { host: '127.0.0.1', port: 0 },
    clock: systemClock(),
    log: silentLog,
    metrics: createMetrics(),
  })
})

afterAll(async () => {
  await server.stop(0)
  rmSync(folder, { recursive: true, force: true })
})

describe('results', () => {
  test('jobs as a table, without colours when piped', async () => {
    const { code, stdout } = await cloudless('jobs')
    expect(code).toBe(0)
    expect(stdout).toBe(stripVTControlCharacters(stdout))
    expect(stdout.split('\n')[0]).toMatch(/^ID +NAME +STATE +DONE/)
    expect(stdout).toContain('j-0')
    expect(stdout).not.toContain('j-1 ')
  })

  test('--all follows every page', async () => {
    const { json } = await cloudless('jobs', '--all', '--json')
    expect((json as { jobs: { id: string }[] }).jobs.map(({ id }) => id)).toEqual(['j-0', 'j-1', 'j-2'])
  })

  test('--state reaches the server', async () => {
    await cloudless('jobs', '--state', 'failed', 'pending')
    expect(received.states).toEqual(['JOB_STATE_PENDING', 'JOB_STATE_FAILED'])
  })

  test('status shows regions, loss, evaluation, rounds, bytes and cost', async () => {
    const { stdout } = await cloudless('status', 'j-1')
    for (const text of ['running', 'onprem/lab', '0.5000', 'accuracy 0.9100', 'rounds 12', '1.50 MB', '$0.00120']) {
      expect(stdout).toContain(text)
    }
  })

  test('status --watch --json prints one object per change and ends with the job', async () => {
    const { code, stdout } = await cloudless('status', 'j-1', '--watch', '--json')
    expect(code).toBe(0)
    const states = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { state: string }).state)
    expect(states).toEqual(['running', 'finishing', 'succeeded'])
  })

  test('a failed job is exit code 1 when watched', async () => {
    expect((await cloudless('status', 'j-bad', '--watch')).code).toBe(1)
  })

  test('logs carry their instance on every line, and bare bytes for one instance', async () => {
    expect((await cloudless('logs', 'j-1')).stdout).toBe('w-0 | hello\nw-1 | other\nw-0 | world\n')
    expect((await cloudless('logs', 'j-1', '--instance', 'w-0')).stdout).toBe('hello\nworld')
    expect((await cloudless('logs', 'j-1', '--all')).stdout).toContain('ps | listens\n')
  })

  test('resume asks once, as the same request when told so; --dry-run shows the plan', async () => {
    const requestId = '00000000-0000-4000-8000-000000000001'
    const resumed = await cloudless('resume', 'j-1', '--request-id', requestId)
    expect(resumed.stdout).toBe('j-1 pending\n')
    expect(resumed.stderr).toContain('goes on from 50 % of the samples')
    const dry = await cloudless('resume', 'j-stopped', '--dry-run')
    expect(dry.stdout).toMatch(/^waiting by policy load-power/)
    expect(dry.stderr).toContain('would go on from 50 % of the samples; checkpoints kept until 2026-11-29')
    expect((await cloudless('resume', 'j-1', '--dry-run', '--json')).json).toMatchObject({ outcome: 'waiting' })
    expect(received.resumed).toMatchObject([
      { id: 'j-1', requestId, validateOnly: false },
      { id: 'j-stopped', validateOnly: true },
      { id: 'j-1', validateOnly: true },
    ])
    expect((await cloudless('resume', 'j-ended')).code).toBe(5)
  })

  test('--strict makes a job that ended on a part of its data a failure; without it the verdict alone says so', async () => {
    const codes = async (...args: readonly string[]): Promise<readonly ExitCode[]> => [
      (await cloudless(...args)).code,
      (await cloudless(...args, '--strict')).code,
    ]
    expect(await codes('report', 'j-partial')).toEqual([0, 1])
    expect(await codes('report', 'j-1')).toEqual([0, 0])
    expect(await codes('status', 'j-partial', '--watch')).toEqual([0, 1])
    const watched = await cloudless('status', 'j-partial', '--strict')
    expect(watched.stderr).toContain('finished without 20 % of the data; aws/us-east-1 was given up')
    expect((await cloudless('jobs', '--json')).json).toMatchObject({ jobs: [{ pruned_regions: [] }] })
  })

  test('regions and links', async () => {
    expect((await cloudless('regions')).stdout).toMatch(/onprem\/lab +connected +\d.* ago +2\/3 cpu at \$0\.0400\/h/)
    expect((await cloudless('links')).stdout).toMatch(/onprem\/lab +aws\/us-east-1 +100 +40 ms +\$0\.09/)
  })

  test('top shows GPUs once where nobody watches; a region that is not there is named', async () => {
    expect((await cloudless('top')).stdout).toBe('no GPUs: onprem/lab has CPUs only\n')
    expect((await cloudless('top', '--region', 'lap', '--once', '--json')).code).toBe(3)
  })

  test('--quiet leaves only the result', async () => {
    const { stdout, stderr } = await cloudless('submit', join(folder, 'job.yaml'), '--quiet')
    expect([stdout, stderr]).toEqual(['j-new\n', ''])
  })
})

describe('the course of a job', () => {
  test('rounds, each once even when the server merged some between two pages', async () => {
    const { json } = await cloudless('rounds', 'j-1', '--json')
    const { rounds } = json as { rounds: { number: number; bytes_sent: number; absent: object }[] }
    expect(rounds.map(({ number, bytes_sent }) => [number, bytes_sent])).toEqual([
      [3, 3000],
      [4, 1000],
    ])
    expect(rounds[0]?.absent).toEqual({ 'aws/us-east-1': 'cut' })
    expect((await cloudless('rounds', 'j-1')).stdout).toMatch(/1-3 .*aws\/us-east-1 \(1 of 3 rounds, cut\)/)
    expect((await cloudless('rounds', 'j-1', '--region', 'nowhere')).stdout).toBe('no rounds yet\n')
  })

  test('a report as text, JSON and page, which is whole or not there', async () => {
    expect((await cloudless('report', 'j-1')).stdout).toContain('running: 50 % of the samples used so far')
    expect((await cloudless('report', 'j-1', '--json')).json).toMatchObject({
      job_id: 'j-1',
      verdict: { kind: 'running' },
      regions: [{ region: 'onprem/lab', rounds: 0 }],
    })
    const path = join(folder, 'report.html')
    expect((await cloudless('report', 'j-1', '--html', path)).stdout).toBe(`${path}\n`)
    expect(readFileSync(path, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\s*$/)
    expect((await cloudless('report', 'j-none', '--html', path)).code).toBe(3)
    expect((await cloudless('report', 'j-1', '--html', folder)).stderr).toContain('is a folder; name a file')
    expect((await cloudless('report', 'j-1', '--html', join(folder, 'no/x.html'))).code).toBe(2)
    expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([])
  })

  test('a list that never ends is an error', async () => {
    expect((await cloudless('report', 'j-endless')).stderr).toContain('page token again with itself')
  })
})

describe('submitting', () => {
  test('packs and uploads the function, and sends the spec with absolute addresses', async () => {
    const { code, json } = await cloudless('submit', join(folder, 'job.yaml'), '--request-id', 'r-1', '--json')
    expect(code).toBe(0)
    expect(json).toMatchObject({ id: 'j-new', state: 'pending' })
    const request = received.created.at(-1) as { requestId: string; spec: { function: { bundleDigest: string } } }
    expect(request).toMatchObject({ requestId: 'r-1', validateOnly: false, spec: { shards: [{ samples: 9 }] } })
    const sent = createHash('sha256').update(received.bundles.at(-1)!).digest('hex')
    expect(request.spec.function.bundleDigest).toBe(sent)
  })

  test('plan asks for a plan only, and says why', async () => {
    const { code, stdout } = await cloudless('plan', join(folder, 'job.yaml'))
    expect(code).toBe(0)
    const bundles = received.bundles.length
    expect(received.planned.at(-1)).toMatchObject({ jobId: '', spec: { shards: [{ samples: 9 }] }, whatIf: [] })
    expect(stdout).toContain('matches the slowest region')
    expect(stdout).toContain('saving 50 %')
    expect((await cloudless('submit', join(folder, 'job.yaml'), '--dry-run')).stdout).toBe(stdout)
    expect(received.bundles).toHaveLength(bundles)
  })

  test('what-ifs go along in their order, and what they change is shown', async () => {
    const whatIf = ['onprem/lab price x1.5', 'budget =20']
    const given = whatIf.flatMap((text) => ['--what-if', text])
    const { stdout } = await cloudless('plan', '--job', 'j-1', ...given)
    expect(received.planned.at(-1)).toMatchObject({ jobId: 'j-1', spec: null, whatIf })
    expect(stdout).toContain('what if onprem/lab price x1.5, and budget =20?')
    expect(stdout).toMatch(/total +\$1\.00 +\$1\.50 +\+50 %/)
    const { json } = await cloudless('plan', '--job', 'j-1', ...given, '--json')
    expect(json).toMatchObject({ plan: { outcome: 'placed' }, differences: [{ what: 'total' }, { what: 'compute' }] })
  })

  test('the history of plans is whole, and of a job that was submitted', async () => {
    const { stdout } = await cloudless('plan', '--job', 'j-1', '--history')
    expect(stdout).toContain('plan 2: units came free')
    expect((await cloudless('plan', join(folder, 'job.yaml'), '--history')).code).toBe(2)
  })

  test('one job is planned: a file or an id', async () => {
    expect((await cloudless('plan')).code).toBe(2)
    expect((await cloudless('plan', join(folder, 'job.yaml'), '--job', 'j-1')).code).toBe(2)
  })

  test('says in two lines what it got', async () => {
    const { stderr } = await cloudless('submit', join(folder, 'job.yaml'))
    expect(received.planned.at(-1)).toMatchObject({ jobId: 'j-new' })
    expect(stderr).toContain('placed: onprem/lab 2 × cpu\n10 s, $1.00, 50 % less than using everything\n')
  })

  test('a missing shard is refused by path, before anything is sent', async () => {
    const before = received.bundles.length
    writeFileSync(join(folder, 'missing.yaml'), jobFile('nowhere.npz'))
    const { code, json } = await cloudless('submit', join(folder, 'missing.yaml'), '--json')
    expect(code).toBe(2)
    const { violations } = (json as { error: { violations: { field: string; description: string }[] } }).error
    expect(violations[0]!.field).toBe('data.shards[0].uri')
    expect(violations[0]!.description).toContain(join(folder, 'nowhere.npz'))
    expect(received.bundles).toHaveLength(before)
  })
})

describe('the model', () => {
  test('is verified, put in place whole, and never replaces a file unasked', async () => {
    const path = join(folder, 'model.safetensors')
    expect((await cloudless('model', 'get', 'j-1', '-o', path)).code).toBe(0)
    expect(readFileSync(path).equals(model)).toBe(true)
    writeFileSync(path, 'mine')
    expect((await cloudless('model', 'get', 'j-1', '-o', path)).code).toBe(5)
    expect(readFileSync(path, 'utf8')).toBe('mine')
    expect((await cloudless('model', 'get', 'j-1', '-o', path, '--force')).code).toBe(0)
    expect(readFileSync(path).equals(model)).toBe(true)
  })

  test('that arrives damaged leaves nothing behind', async () => {
    const path = join(folder, 'damaged.safetensors')
    const { code, stderr } = await cloudless('model', 'get', 'j-damaged', '-o', path)
    expect(code).toBe(4)
    expect(stderr).toContain('arrived damaged')
    expect(existsSync(path)).toBe(false)
    expect(readdirSync(folder).filter((name) => name.includes('.part'))).toEqual([])
  })
})

describe('refusals', () => {
  test('every wrong field is on its line, with exit code 2', async () => {
    const { code, stderr } = await cloudless('cancel', 'j-invalid')
    expect(code).toBe(2)
    expect(stderr).toBe('error: 2 fields are wrong\n  spec.a: is 0; give at least 1\n  spec.b: is missing\n')
  })

  test('as JSON, an error is one object', async () => {
    const { code, json } = await cloudless('status', 'j-none', '--json')
    expect(code).toBe(3)
    expect(json).toMatchObject({ error: { kind: 'not-found', reason: 'NOT_FOUND', violations: [] } })
  })

  test('a state that does not allow it is exit code 5', async () => {
    expect((await cloudless('cancel', 'j-ended')).code).toBe(5)
  })

  test.each([
    [['jbos'], 'jobs'],
    [['jobs', '--stat', 'failed'], '--state'],
    [['jobs', '--state', 'odd'], 'Allowed choices'],
    [['status'], 'job'],
    [['logs', 'j-1', '--tail', 'x'], 'whole number'],
    [['up', '--regions', 'nowhere'], 'provider/place'],
    [['up', '--cpu-units', '0'], 'whole number'],
    [['up', '--link-scale', '-1'], 'above 0'],
    [['up', '--placement', 'tetris'], 'Allowed choices are placement, complementary, rectangles'],
    [['demo', '--strategy', 'sgd'], 'Allowed choices'],
    [['--server', 'nonsense', 'jobs'], 'HOST:PORT'],
  ])('%j is refused as usage', async (given, text) => {
    const plain = await run(given, {})
    expect(plain.code).toBe(2)
    expect(plain.stderr).toContain(text)
    const json = await run([...given, '--json'], {})
    expect(json.json).toMatchObject({ error: { kind: 'invalid' } })
  })

  test('no control plane is exit code 4, with what to do', async () => {
    const { code, stderr } = await run(['jobs'], {})
    expect(code).toBe(4)
    expect(stderr).toContain('cloudless up')
    expect((await run(['jobs', '--server', '127.0.0.1:1'], {})).code).toBe(4)
  })

  test('an interrupted watch is exit code 130', async () => {
    const interrupt = new AbortController()
    const running = run(['status', 'j-slow', '--watch'], { CLOUDLESS_SERVER: server.address }, interrupt, () =>
      interrupt.abort(),
    )
    expect((await running).code).toBe(130)
  })
})

type Outcome = { code: ExitCode; stdout: string; stderr: string; json: unknown }

function cloudless(...given: string[]): Promise<Outcome> {
  return run(given, { CLOUDLESS_SERVER: server.address })
}

async function run(
  given: readonly string[],
  environment: Record<string, string>,
  interrupt = new AbortController(),
  onOutput = (): void => {},
): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  const code = await runProgram({
    arguments: given,
    stdout: {
      write: (data) => {
        stdout += Buffer.from(data).toString('utf8')
        onOutput()
      },
    },
    stderr: { write: (data) => void (stderr += Buffer.from(data).toString('utf8')) },
    environment: { CLOUDLESS_HOME: join(folder, 'home'), ...environment },
    clock: systemClock(),
    random: seededRandom(1),
    signal: interrupt.signal,
    version: '0.0.0',
  })
  const last = stdout.trim().split('\n').at(-1) ?? ''
  return { code, stdout, stderr, json: given.includes('--json') ? JSON.parse(last) : null }
}

function jobFile(shard: string): string {
  return `name: images
function: { folder: fn, entrypoint: train.py }
data: { shards: [{ region: onprem/lab, uri: "file://./${shard}", samples: 9 }] }
`
}

function aJob(id: string, fields: Partial<Job> = {}): Job {
  const progress = {
    fraction: 0.5,
    samplesDone: 50,
    samplesTotal: 100,
    loss: 0.5,
    evaluation: { accuracy: 0.91 },
    rounds: 12,
    wanBytes: 1_500_000,
    partitions: [{ region: 'onprem/lab', phase: 'PARTITION_PHASE_TRAINING' as const, steps: 3, loss: 0.4 }],
  }
  const spec = { name: 'images' }
  return { id, spec, state: 'JOB_STATE_RUNNING', revision: 1, costUsd: 0.0012, createdAtMs: 1, progress, ...fields }
}

function aPartialJob(id: string): Job {
  const shards = [
    { region: 'onprem/lab', samples: 80 },
    { region: 'aws/us-east-1', samples: 20 },
  ]
  const partitions = [{ region: 'onprem/lab', samplesDone: 80, modelHash: 'ab' }]
  const spec = { name: 'images', shards, training: { epochs: 1 } }
  return aJob(id, { state: 'JOB_STATE_SUCCEEDED', spec, progress: { partitions }, prunedRegions: ['aws/us-east-1'] })
}

function jobService(): Implementation<JobServiceHandlers> {
  return {
    uploadBundle: async (requests) => {
      const parts: Buffer[] = []
      for await (const { data } of requests) parts.push(Buffer.from(data))
      received.bundles.push(Buffer.concat(parts))
      return {}
    },
    createJob: async (request) => {
      received.created.push(request)
      return { job: aJob('j-new', { state: 'JOB_STATE_PENDING' }) }
    },
    planJob: async (request) => {
      received.planned.push(request)
      const forecast = { seconds: 10, computeUsd: 1, totalUsd: 1, throughputSource: 'nominal' }
      const plan = {
        outcome: 'PLAN_OUTCOME_PLACED' as const,
        policy: 'load-power',
        partitions: [{ region: 'onprem/lab', samples: 9, allocations: [{ deviceModel: 'cpu', units: 2 }] }],
        reasons: [{ region: 'onprem/lab', chosen: true, text: 'matches the slowest region' }],
        forecast,
        forecastUseEverything: { ...forecast, totalUsd: 2 },
      }
      if (request.whatIf.length === 0) return { plan }
      return { plan: { ...plan, forecast: { ...forecast, totalUsd: 1.5, computeUsd: 1.5 } }, without: plan }
    },
    getJob: async ({ id }) => {
      if (id === 'j-none') throw notFound('job', id)
      if (id === 'j-partial') return { job: aPartialJob(id) }
      return { job: aJob(id, id === 'j-stopped' ? { resumableUntilMs: Date.UTC(2026, 10, 29) } : {}) }
    },
    listJobs: async ({ pageToken, states }) => {
      received.states = states
      const page = pageToken === '' ? 0 : Number(pageToken)
      return { jobs: [aJob(`j-${page}`)], nextPageToken: page < 2 ? String(page + 1) : '' }
    },
    watchJob: async function* ({ id }, { signal }) {
      yield { job: aJob(id) }
      if (id === 'j-slow') await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      yield { job: aJob(id, { state: 'JOB_STATE_FINISHING', revision: 2 }) }
      yield { job: aJob(id, { state: id === 'j-bad' ? 'JOB_STATE_FAILED' : 'JOB_STATE_SUCCEEDED', revision: 3 }) }
    },
    cancelJob: async ({ id }) => {
      if (id === 'j-ended') throw new CloudlessError('conflict', 'ENDED', 'job j-ended has succeeded')
      throw invalid([
        { field: 'spec.a', description: 'is 0; give at least 1' },
        { field: 'spec.b', description: 'is missing' },
      ])
    },
    resumeJob: async ({ id, requestId, validateOnly }) => {
      received.resumed.push({ id, requestId, validateOnly })
      if (id === 'j-ended') throw new CloudlessError('conflict', 'JOB_SUCCEEDED', 'job j-ended has succeeded')
      const plan = { outcome: 'PLAN_OUTCOME_WAITING' as const, policy: 'load-power' }
      return { job: aJob(id, { state: 'JOB_STATE_PENDING', ...(validateOnly ? { plan } : {}) }) }
    },
    streamLogs: async function* ({ instanceId }) {
      yield { instanceId: 'w-0', data: Buffer.from('hello\nwor') }
      if (instanceId === '') yield { instanceId: 'w-1', data: Buffer.from('other\n') }
      if (instanceId === '') yield { instanceId: 'ps', role: 'parameter-server', data: Buffer.from('listens\n') }
      if (instanceId === '') yield { instanceId: 'mover', role: 'data-stager', data: Buffer.from('fetches\n') }
      yield { instanceId: 'w-0', data: Buffer.from('ld') }
    },
    listRounds: async ({ pageToken, region }) => {
      const round = (number: number) => ({ jobId: 'j-1', region: 'onprem/lab', number, bytesSent: 1000 })
      if (region === 'nowhere') return {}
      // Between the pages rounds 1 and 2 were merged with 3.
      if (pageToken === '') return { rounds: [round(1), round(2)], nextPageToken: 'more' }
      const merged = { ...round(3), rounds: 3, firstNumber: 1, bytesSent: 3000, absent: { 'aws/us-east-1': 'cut' } }
      return { rounds: [merged, round(4)] }
    },
    listEvaluations: async () => ({}),
    listPlans: async () => ({ plans: [{ version: 1 }, { version: 2, cause: 'units came free' }] }),
    listEvents: async ({ jobId }) => ({ nextPageToken: jobId === 'j-endless' ? 'again' : '' }),
    downloadModel: async function* ({ jobId }) {
      yield { totalBytes: model.length, digest, data: model.subarray(0, 60_000) }
      yield { data: jobId === 'j-damaged' ? Buffer.alloc(40_000) : model.subarray(60_000) }
    },
  }
}

function costService(): Implementation<CostServiceHandlers> {
  return {
    getJobCost: async ({ jobId }) => ({
      report: {
        jobId,
        isFinal: true,
        totalUsd: 0.006,
        useEverythingUsd: 0.01,
        saving: 0.4,
        regions: [{ region: 'aws/us-east-1', deviceSeconds: 10 }],
        links: [{ fromRegion: 'aws/us-east-1', toRegion: 'onprem/lab', bytes: 1000, usdPerGb: 0.09 }],
      },
    }),
    getCosts: async () => ({ costs: {} }),
    listLedgerEntries: async () => ({}),
  }
}

function regionService(): Implementation<RegionServiceHandlers> {
  const region = {
    name: 'onprem/lab',
    agentState: 'AGENT_STATE_CONNECTED' as const,
    lastHeartbeatAtMs: 1,
    offers: [{ deviceModel: 'cpu', unitsFree: 2, unitsTotal: 3, usdPerUnitHour: 0.04 }],
  }
  const link = { fromRegion: 'onprem/lab', toRegion: 'aws/us-east-1', mbitPerSecond: 100, roundTripMs: 40 }
  return {
    listRegions: async () => ({ regions: [region] }),
    getRegion: async () => ({ region }),
    listLinks: async () => ({ links: [{ ...link, egressUsdPerGb: 0.09 }] }),
    listDevices: ({ regions }) => (regions[0] ? Promise.reject(notFound('region', 'lap')) : Promise.resolve({})),
  }
}

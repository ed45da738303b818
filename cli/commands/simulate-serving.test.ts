// `cloudless simulate --serving` as people use it, and every way that a scenario can be wrong.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { runProgram } from '../program.ts'
import { readServingScenario } from '../serving-scenario.ts'

const example = join(import.meta.dirname, '../../examples/scenarios/serving-evening.yaml')
let folder: string

const small = `name: small
length: 1m
policies: [hybrid, knative]
gpus: [{ model: v100, count: 2, usd_per_hour: 3.6 }]
functions:
  - name: classify
    slo: { latency_ms: 100 }
    profile: { file: profile.csv, model: net }
    arrivals: { kind: rates, file: rates.txt.gz, slot: 10s, scale: 2 }
  - name: describe
    gpu_share: { request: 0.4, limit: 0.5, sm: 0.5 }
    profile: [{ batch: 1, sm: 0.5, quota: 0.5, latency_ms: 40 }]
    arrivals: { kind: times, file: times.csv, column: at }
`

const twoStages = `${small}pipelines:
  - name: both
    slo: { latency_ms: 400 }
    stages:
      - { name: look, function: classify }
      - { name: tell, function: describe, after: [look] }
    arrivals: { kind: poisson, rate: 3 }
`

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-serving-'))
  writeFileSync(
    join(folder, 'profile.csv'),
    'model,batch,sm_pct,quota_pct,latency_ms\nnet,1,50,50,20\nnet,1,100,100,10\nother,1,100,100,999\n',
  )
  writeFileSync(join(folder, 'rates.txt.gz'), gzipSync('5\n10\n15\n10\n5\n5\n'))
  writeFileSync(join(folder, 'many.txt.gz'), gzipSync('90000\n'.repeat(6)))
  writeFileSync(join(folder, 'times.csv'), 'at\n2026-01-01 10:00:00.5\n2026-01-01 10:00:01.75\n2026-01-01 11:00:00\n')
  writeFileSync(join(folder, 'wrong.txt'), '5\n-1\n')
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function simulate(...given: string[]): Promise<{ code: number; stdout: string }> {
  let stdout = ''
  const code = await runProgram({
    arguments: ['simulate', ...given],
    stdout: { write: (data) => void (stdout += Buffer.from(data).toString('utf8')) },
    stderr: { write: () => {} },
    environment: { CLOUDLESS_HOME: folder },
    clock: systemClock(),
    random: seededRandom(1),
    signal: new AbortController().signal,
    version: '0',
  })
  return { code, stdout }
}

function written(text: string): string {
  const path = join(folder, 'scenario.yaml')
  writeFileSync(path, text)
  return path
}

function violationsOf(text: string): readonly { readonly field: string; readonly description: string }[] {
  try {
    readServingScenario(written(text))
    return []
  } catch (error) {
    return (error as { violations: { field: string; description: string }[] }).violations
  }
}

describe('simulate --serving', () => {
  test('compares policies, the same every time', async () => {
    const path = written(small)
    const text = await simulate('--serving', path)
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/^small: [\d,]+ requests in 1 min 0 s on up to 2 GPUs; seed 1/)
    expect(text.stdout).toMatch(/HYBRID +KNATIVE/)
    expect(text.stdout).toMatch(/over the objective or refused +[\d.]+ % +[\d.]+ %/)
    const [first, again, other] = [
      await simulate('--serving', path, '--json'),
      await simulate('--serving', path, '--json'),
      await simulate('--serving', path, '--json', '--seed', '7'),
    ]
    expect(again.stdout).toBe(first.stdout)
    expect(other.stdout).not.toBe(first.stdout)
    expect(JSON.parse(first.stdout)).toMatchObject({
      seeds: [1],
      runs: [
        { policy: 'hybrid', functions: [{ name: 'classify' }, { name: 'describe', requests: 2, answered: 2 }] },
        {},
      ],
    })
    expect(JSON.parse(other.stdout)).toMatchObject({ seeds: [7] })
  })

  test('writes a page that loads nothing', async () => {
    const page = join(folder, 'serving.html')
    const hostile = small.replace('name: small', 'name: "<script>alert(1)</script>"')
    expect(await simulate('--serving', written(hostile), '--html', page)).toMatchObject({
      code: 0,
      stdout: `${page}\n`,
    })
    const text = readFileSync(page, 'utf8')
    expect(text).toContain('id="chart-gpus"')
    expect(text).toContain('GPU-seconds by policy')
    expect(text).not.toMatch(/<script>alert|(src|href)="http/)
  })

  test('pipelines are told from end to end', async () => {
    const path = written(twoStages)
    const text = await simulate('--serving', path)
    expect(text.stdout).toMatch(/pipelines, hybrid\n\s*PIPELINE +REQUESTS +MISSED/)
    expect(text.stdout).toMatch(/both +1?\d\d /)
    const told = await simulate('--serving', path, '--json')
    const [hybrid] = (JSON.parse(told.stdout) as { runs: { pipelines: { name: string; requests: number }[] }[] }).runs
    expect(hybrid!.pipelines).toMatchObject([{ name: 'both', requests: expect.any(Number) }])
    expect(hybrid!.pipelines[0]!.requests).toBeGreaterThan(100)
    const page = join(folder, 'pipelines.html')
    expect((await simulate('--serving', path, '--html', page)).code).toBe(0)
    expect(readFileSync(page, 'utf8')).toContain('Pipelines under knative')
  })

  test('an unknown policy, and options that do not go together, are refused', async () => {
    const wrong = await simulate('--serving', written(small.replace('knative', 'knativ')), '--json')
    expect(wrong.code).toBe(2)
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      error: { violations: [{ field: 'policies[1]', description: expect.stringContaining('hybrid, dilu, has-gpu') }] },
    })
    const both = await simulate('--serving', written(small), '--catalogue', 'x', '--json')
    expect(JSON.parse(both.stdout)).toMatchObject({ error: { violations: [{ field: '--catalogue' }] } })
  })
})

describe('a scenario of serving', () => {
  test('becomes numbers', () => {
    const { functions, gpus, lengthMs } = readServingScenario(written(small))
    expect(lengthMs).toBe(60_000)
    expect(gpus).toEqual([{ model: 'v100', count: 2, memoryBytes: 16 * 2 ** 30, usdPerHour: 3.6 }])
    expect(functions[0]).toMatchObject({
      shape: { smMilli: 1_000, requestMilli: 1_000, limitMilli: 1_000 },
      slo: { latencyMs: 100, percentile: 99 },
      arrivals: { kind: 'rates', perSecond: [10, 20, 30, 20, 10, 10], slotMs: 10_000, spacing: 'poisson' },
    })
    expect(functions[0]!.profile).toHaveLength(2)
    expect(functions[1]).toMatchObject({
      shape: { smMilli: 500, requestMilli: 400, limitMilli: 500 },
      arrivals: { kind: 'times', atMs: [0, 1_250] },
    })
  })

  test('the example is one', () => {
    expect(readServingScenario(example).functions.map(({ name }) => name)).toEqual(['classify', 'describe'])
  })

  const refusals: readonly (readonly [what: string, from: string, to: string, field: string, says: RegExp])[] = [
    ['an unknown key', 'length: 1m', 'lenght: 1m', 'lenght', /did you mean "length"/],
    ['a bare number as a time', 'length: 1m', 'length: 60', 'length', /60 \(line 2\): is not a duration/],
    ['no GPUs', 'count: 2', 'count: 0', 'gpus[0].count', /must be at least 1/],
    ['a share above one', 'request: 0.4', 'request: 1.4', 'functions[1].gpu_share.request', /from 0\.001 to 1/],
    ['a limit below the request', 'limit: 0.5', 'limit: 0.3', 'functions[1].gpu_share.limit', /at least request/],
    ['a file that is not there', 'profile.csv', 'no.csv', 'functions[0].profile.file', /cannot read no\.csv/],
    ['a model that is not in it', 'model: net', 'model: nett', 'functions[0].profile.model', /no rows of "nett"/],
    ['a rate below 0', 'rates.txt.gz', 'wrong.txt', 'functions[0].arrivals.file', /wrong\.txt: value 2 is no number/],
    [
      'a column that is not in it',
      'column: at',
      'column: when',
      'functions[1].arrivals.column',
      /no column "when"; it has at/,
    ],
    ['rates and a file', 'slot: 10s', 'per_second: [1]', 'functions[0].arrivals.per_second', /and not both/],
    ['two functions of a name', 'name: describe', 'name: classify', 'functions[1].name', /another function's too/],
    [
      'more memory than a GPU has',
      'gpu_share: {',
      'memory_gib: 20\n    gpu_share: {',
      'functions[1].memory_gib',
      /fits on no GPU/,
    ],
    [
      'too many requests',
      'rates.txt.gz',
      'many.txt.gz',
      'functions[0].arrivals',
      /are about 10800000 requests; at most 5000000/,
    ],
  ]
  const brokenPipelines: typeof refusals = [
    [
      'a function that there is not',
      'function: describe',
      'function: dscribe',
      'pipelines[0].stages[1].function',
      /only classify, describe/,
    ],
    ['a cycle', 'function: classify }', 'function: classify, after: [tell] }', 'pipelines[0].stages[0].after', /tell/],
    ['an objective of nothing', 'latency_ms: 400', 'latency_ms: 0', 'pipelines[0].slo.latency_ms', /must be above 0/],
    [
      'an unknown key of a stage',
      'function: classify }',
      'fn: classify }',
      'pipelines[0].stages[0].fn',
      /unknown|did you mean/,
    ],
  ]
  test.each(brokenPipelines)('a pipeline with %s is refused', (_, from, to, field, says) => {
    expect(violationsOf(twoStages.replace(from, to))).toContainEqual({
      field,
      description: expect.stringMatching(says),
    })
  })

  test('a function that nobody asks needs arrivals, one of a pipeline needs none', () => {
    const without = (text: string): string =>
      text.replace('    arrivals: { kind: times, file: times.csv, column: at }\n', '')
    expect(readServingScenario(written(without(twoStages))).functions[1]!.arrivals).toEqual({ kind: 'times', atMs: [] })
    expect(violationsOf(without(small))[0]).toMatchObject({ field: 'functions[1].arrivals' })
  })

  test.each(refusals)('with %s is refused', (_, from, to, field, says) => {
    const text = small
      .replace(from, to)
      .replace('length: 1m', field === 'functions[0].arrivals' ? 'length: 100h' : 'length: 1m')
    const violations = violationsOf(text)
    const found = violations.find((one) => one.field === field)
    expect(found?.description ?? JSON.stringify(violations)).toMatch(says)
  })
})

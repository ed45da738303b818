import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { jsonValue, nat, sample, string, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { boundsInWords } from '#proto/sync/check-sync.ts'
import { optionNames, options } from '#proto/sync/options.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { checkShardFiles } from './file-uri.ts'
import { decodeJobFile } from './job-file.ts'

const good = `name: images
function:
  folder: .
  entrypoint: train.py
  arguments: ["--batch", "64"]
  environment: { GREETING: hello }
data:
  shards:
    - { region: onprem/lab, uri: "file://./data/lab.npz", samples: 30 }
    - { region: aws/us-east-1, uri: "file:///srv/east.npz", samples: 20, bytes: 1.5GB, may_move_to: ["aws/*"] }
  holdout: { region: onprem/lab, uri: "file://../held out.npz", samples: 10 }
sync: { strategy: asgd-ga, interval: 8, mode: mean, delay_compensation: 0.04 }
training:
  epochs: 3
  seed: 7
  worker_mode: synchronous
  lease_samples: 256
  target: { metric: accuracy, at_least: 0.9 }
  stall_timeout: 2m
  restarts_max: 4
resources:
  device_models: [cpu]
  workers_max_per_region: 2
  samples_per_second: { cpu: 900.5 }
  markets: [spot]
policy: use-everything
objective: { kind: deadline, at: "2026-12-01T18:00:00+01:00" }
budget: { usd: 20, actions: [warn, stop] }
owner: vision
labels: { team: a }
`

describe('a good job file', () => {
  test('becomes the wire message', () => {
    const { spec, functionFolder } = decodeJobFile(good, '/home/a/job.yaml')
    expect(functionFolder).toBe('/home/a')
    expect(spec).toEqual({
      name: 'images',
      function: { entrypoint: 'train.py', arguments: ['--batch', '64'], environment: { GREETING: 'hello' } },
      shards: [
        { region: 'onprem/lab', uri: 'file:///home/a/data/lab.npz', samples: 30 },
        {
          region: 'aws/us-east-1',
          uri: 'file:///srv/east.npz',
          samples: 20,
          bytes: 1_500_000_000,
          mayMoveTo: ['aws/*'],
        },
      ],
      holdout: { region: 'onprem/lab', uri: 'file:///home/held%20out.npz', samples: 10 },
      sync: { strategy: 'asgd-ga', interval: 8, mode: 'mean', delayCompensation: 0.04 },
      training: {
        epochs: 3,
        seed: 7,
        workerMode: 'synchronous',
        leaseSamples: 256,
        target: { metric: 'accuracy', atLeast: 0.9 },
        stallTimeoutSeconds: 120,
        restartsMax: 4,
      },
      resources: {
        deviceModels: ['cpu'],
        markets: ['spot'],
        workersMaxPerRegion: 2,
        samplesPerSecond: { cpu: 900.5 },
      },
      policy: 'use-everything',
      objective: { kind: 'deadline', deadlineMs: Date.UTC(2026, 11, 1, 17) },
      budget: { usd: 20, actions: ['warn', 'stop'] },
      owner: 'vision',
      labels: { team: 'a' },
    })
  })

  test('names data in object stores as it is, and looks for files only', () => {
    const text = `name: a
function: { folder: fn, entrypoint: train.py }
data:
  shards:
    - { region: aws/us-east-1, uri: "s3://some-bucket/train", samples: 1 }
    - { region: tencent/ap-shanghai, uri: "cos://data-1250000000/train/", samples: 1 }
`
    const { spec } = decodeJobFile(text, 'job.yaml')
    expect(spec.shards?.map(({ uri }) => uri)).toEqual(['s3://some-bucket/train', 'cos://data-1250000000/train/'])
    expect(() => checkShardFiles(spec)).not.toThrow()
  })

  test('may leave out what has a default', () => {
    const text = `name: a
function: { folder: fn, entrypoint: train.py }
data: { shards: [{ region: onprem/lab, uri: "file:///x", samples: 1 }] }
`
    const { spec, functionFolder } = decodeJobFile(text, 'sub/job.yaml')
    expect(functionFolder.endsWith('/sub/fn')).toBe(true)
    expect(spec).toMatchObject({
      policy: 'least-cost',
      objective: { kind: 'least-cost' },
      sync: { strategy: 'auto' },
      training: { epochs: 1 },
    })
    expect(spec).not.toHaveProperty('holdout')
  })
})

describe('its documentation', () => {
  const text = readFileSync(join(import.meta.dirname, 'job-file.md'), 'utf8')

  test.each(optionNames)('says what %s is, and its values', (name) => {
    const { wireName, help, domain } = options[name]
    const row = text.split('\n').find((line) => line.startsWith(`| \`sync.${wireName}\` |`))
    expect(row).toContain(help)
    const values = domain.kind === 'choice' ? domain.choices : [boundsInWords(domain)]
    expect(values.filter((value) => !row!.includes(value))).toEqual([])
  })

  test.each([...strategies.values()])('lists $name with its options', ({ name, summary, defaults, defaultsFor }) => {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))
    expect(row).toContain(summary)
    const offered = optionNames.filter((option) => Object.hasOwn(defaults, option))
    const documented = offered.map((option) => {
      const value = defaults[option]
      const isSaidInWords = value === null || value === options.quorum.neutral || defaultsFor !== undefined
      return `\`${options[option].wireName}\`${isSaidInWords ? '' : ` ${value}`}`
    })
    expect(documented.filter((part) => !row!.includes(part))).toEqual([])
  })
})

describe('the job files of examples/', () => {
  const examples = join(import.meta.dirname, '../examples')
  // The one for planning is not meant to be run.
  const names = readdirSync(examples).filter((name) => existsSync(join(examples, name, 'train.py')))

  test('there are three', () => {
    expect(names.sort()).toEqual(['click-model', 'fashion-mnist', 'tiny-gpt'])
  })

  test.each(names)('%s decodes, and only data that was not prepared yet is missing', (name) => {
    const scratch = mkdtempSync(join(tmpdir(), 'job-file-'))
    try {
      // Elsewhere than the example itself, where somebody may have prepared the data.
      const text = readFileSync(join(examples, name, 'job.yaml'), 'utf8')
      const { spec, functionFolder } = decodeJobFile(text, join(scratch, name, 'job.yaml'))
      expect(spec).toMatchObject({ name, function: { entrypoint: 'train.py' } })
      expect(existsSync(join(examples, name, spec.function!.entrypoint!))).toBe(true)

      const paths = [...spec.shards!, spec.holdout!].map(({ uri }) => fileURLToPath(uri!))
      const fields = ['data.shards[0].uri', 'data.shards[1].uri', 'data.shards[2].uri', 'data.holdout.uri']
      expect(violationsIn(() => checkShardFiles(spec))).toEqual(
        fields.map((field, index) => ({
          field,
          description: `${paths[index]} does not exist; prepare the data first, or correct the path`,
        })),
      )
      // Data inside of the function's folder would be uploaded with it, to every region.
      expect(paths.filter((path) => path.startsWith(`${functionFolder}/`))).toEqual([])

      for (const path of paths) {
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, '')
      }
      expect(() => checkShardFiles(spec)).not.toThrow()
    } finally {
      rmSync(scratch, { recursive: true })
    }
  })
})

describe('refusals name field, line, value and fix', () => {
  const cases: readonly (readonly [string, (text: string) => string, string, RegExp])[] = [
    ['a misspelt key', (t) => t.replace('epochs:', 'epoch:'), 'training.epoch', /line 14.*did you mean "epochs"/],
    ['a foreign key', (t) => `${t}gpus: 4\n`, 'gpus', /line 31.*known here: name, function, data/],
    ['a misspelt shard key', (t) => t.replace('samples: 20', 'sample: 20'), 'data.shards[1].sample', /"samples"/],
    [
      'a missing key',
      (t) => t.replace('  entrypoint: train.py\n', ''),
      'function.entrypoint',
      /is missing; must be text/,
    ],
    [
      'zero samples',
      (t) => t.replace('samples: 30', 'samples: 0'),
      'data.shards[0].samples',
      /^0 \(line 9\): must be at least 1/,
    ],
    ['negative samples', (t) => t.replace('samples: 30', 'samples: -5'), 'data.shards[0].samples', /^-5 .*at least 1/],
    ['half samples', (t) => t.replace('samples: 30', 'samples: 1.5'), 'data.shards[0].samples', /^1\.5 .*whole number/],
    [
      'text for a number',
      (t) => t.replace('epochs: 3', 'epochs: many'),
      'training.epochs',
      /"many" \(line 14\): must be a whole number/,
    ],
    [
      'an unknown strategy',
      (t) => t.replace('asgd-ga', 'sgd'),
      'sync.strategy',
      /"sgd".*asgd, asgd-ga, asp, model-averaging/,
    ],
    [
      'a mode of another strategy',
      (t) => t.replace('asgd-ga', 'model-averaging'),
      'sync.mode',
      /"mean".*synchronous or asynchronous \(line 12\)/,
    ],
    [
      'an option of another strategy',
      (t) => t.replace('mode: mean', 'fragments: 4'),
      'sync.fragments',
      /no option of asgd-ga; .*staleness_max \(line 12\)/,
    ],
    ['a misspelt option', (t) => t.replace('interval: 8', 'intervall: 8'), 'sync.intervall', /did you mean "interval"/],
    [
      'an interval of nothing',
      (t) => t.replace('interval: 8', 'interval: 0'),
      'sync.interval',
      /^0 \(line 12\): must be a whole number from 1 to 100000/,
    ],
    ['half an interval', (t) => t.replace('interval: 8', 'interval: 1.5'), 'sync.interval', /^1\.5 .*whole number/],
    ['text for an interval', (t) => t.replace('interval: 8', 'interval: often'), 'sync.interval', /must be a number/],
    [
      'a quorum of more regions than there are',
      (t) => t.replace(/sync: .*/, 'sync: { strategy: diloco, quorum: 3 }'),
      'sync.quorum',
      /from 2 regions; use at most 2 \(line 12\)/,
    ],
    [
      'a default that contradicts, without a line of its own',
      (t) => t.replace(/sync: .*/, 'sync: { strategy: diloco, grace_max_ms: 10 }'),
      'sync.grace_min_ms',
      /1000 is above grace_max_ms, 10; change one of them$/,
    ],
    ['an unknown policy', (t) => t.replace('use-everything', 'cheapest'), 'policy', /load-power, use-everything/],
    ['a size of no bytes', (t) => t.replace('1.5GB', '0'), 'data.shards[1].bytes', /at least 1/],
    ['a size in no unit', (t) => t.replace('1.5GB', '1.5 gigs'), 'data.shards[1].bytes', /"20GB"/],
    ['data that may move without a size', (t) => t.replace(' bytes: 1.5GB,', ''), 'data.shards[1].bytes', /is needed/],
    ['a place that is none', (t) => t.replace('aws/*', 'AWS'), 'data.shards[1].may_move_to[0]', /"aws\/eu-\*"/],
    ['an unknown market', (t) => t.replace('[spot]', '[futures]'), 'resources.markets[0]', /on-demand, spot/],
    ['an unknown objective', (t) => t.replace('kind: deadline', 'kind: glory'), 'objective.kind', /glory/],
    [
      'a time without its zone',
      (t) => t.replace('18:00:00+01:00', '18:00'),
      'objective.at',
      /is not a time with its zone/,
    ],
    [
      'slack beside a deadline',
      (t) => t.replace('{ kind: deadline', '{ slack: 1, kind: deadline'),
      'objective.slack',
      /unknown key/,
    ],
    ['a budget of nothing', (t) => t.replace('usd: 20', 'usd: 0'), 'budget.usd', /above 0/],
    [
      'an action that does not exist',
      (t) => t.replace('[warn, stop]', '[pray]'),
      'budget.actions[0]',
      /warn, lengthen/,
    ],
    ['a label that is no text', (t) => t.replace('team: a', 'team: 1'), 'labels.team', /quotes/],
    ['a duration without unit', (t) => t.replace('2m', '120'), 'training.stall_timeout', /^120 .*"120s"/],
    ['a duration of nothing', (t) => t.replace('2m', '0s'), 'training.stall_timeout', /at least 1s/],
    ['a wrong name', (t) => t.replace('name: images', 'name: My_Images'), 'name', /"My_Images" \(line 1\).*lower-case/],
    [
      'a bucket that can not be',
      (t) => t.replace('file:///srv/east.npz', 's3://b/k'),
      'data.shards[1].uri',
      /"s3:\/\/b\/k" \(line 10\).*names no bucket/,
    ],
    ['a broken escape', (t) => t.replace('file:///srv/east.npz', 'file:///%zz'), 'data.shards[1].uri', /%25/],
    [
      'a region without provider',
      (t) => t.replace('region: aws/us-east-1', 'region: us-east-1'),
      'data.shards[1].region',
      /provider\/place/,
    ],
    ['a number as argument', (t) => t.replace('"64"', '64'), 'function.arguments[1]', /^64 .*put numbers in quotes/],
    ['no Python file', (t) => t.replace('train.py', 'train.sh'), 'function.entrypoint', /Python file/],
    [
      'no limit of workers',
      (t) => t.replace('workers_max_per_region: 2', 'workers_max_per_region: 0'),
      'resources.workers_max_per_region',
      /leave it out/,
    ],
    ['a throughput of zero', (t) => t.replace('900.5', '0'), 'resources.samples_per_second.cpu', /above 0/],
    ['a list as job file', () => '- a\n- b\n', 'job file', /a map of keys/],
    ['an empty file', () => '', 'job file', /a map of keys/],
  ]

  test.each(cases)('%s', (_, change, field, description) => {
    const violations = violationsOf(change(good))
    const violation = violations.find((each) => each.field === field)
    expect(violation, JSON.stringify(violations)).toBeDefined()
    expect(violation!.description).toMatch(description)
  })

  test('several faults come together', () => {
    const fields = violationsOf(good.replace('epochs: 3', 'epochs: 0').replace('name: images', 'nam: images')).map(
      (v) => v.field,
    )
    expect(fields.sort()).toEqual(['nam', 'name', 'training.epochs'])
  })

  test.each([
    ['not YAML', 'name: [unclosed'],
    ['a key twice', 'name: a\nname: b\n'],
    [
      'an alias bomb',
      `a: &a [x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [${`*${i === 0 ? 'a' : `b${i - 1}`},`.repeat(9)}]`).join('\n')}`,
    ],
    ['deep nesting', '['.repeat(20_000)],
    ['a file of data', 'x'.repeat(300_000)],
  ])('%s is refused as a whole', (_, text) => {
    expect(() => decodeJobFile(text, 'job.yaml')).toThrow(CloudlessError)
  })
})

describe('whatever the file holds', () => {
  const outcomeOf = (text: string): string => {
    try {
      decodeJobFile(text, 'job.yaml')
      return 'decoded'
    } catch (error) {
      return error instanceof CloudlessError ? error.kind : `escaped: ${String(error)}`
    }
  }
  const expected = ['decoded', 'invalid']

  test('text never escapes as another error', () => {
    const text = string({ unit: 'binary-ascii', maxLength: 300 })
    const outcomes = sample(text, { numRuns: 200, seed: 1 }).map(outcomeOf)
    expect(outcomes.filter((outcome) => !expected.includes(outcome))).toEqual([])
  })

  test('any YAML value never escapes as another error', () => {
    const values = sample(jsonValue({ maxDepth: 4 }), { numRuns: 150, seed: 2 })
    expect(values.filter((value) => !expected.includes(outcomeOf(stringify(value))))).toEqual([])
  })

  test('a good file with one line changed never escapes as another error', () => {
    const lines = good.split('\n')
    const edit = tuple(nat(lines.length - 1), string({ maxLength: 30 }), nat(40))
    const texts = sample(edit, { numRuns: 200, seed: 3 }).map(([at, text, column]) => {
      const line = lines[at]!
      return lines.with(at, line.slice(0, column) + text + line.slice(column)).join('\n')
    })
    expect(texts.filter((text) => !expected.includes(outcomeOf(text)))).toEqual([])
  })
})

function violationsOf(text: string): CloudlessError['violations'] {
  return violationsIn(() => decodeJobFile(text, '/home/a/job.yaml'))
}

function violationsIn(act: () => unknown): CloudlessError['violations'] {
  try {
    act()
  } catch (error) {
    if (error instanceof CloudlessError) return error.violations
    throw error
  }
  throw new Error('nothing was refused')
}

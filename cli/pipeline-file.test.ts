import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert as check, constantFrom, property, record, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { decodePipelineFile, pipelineFileSchema } from './pipeline-file.ts'

const least = 'name: caption\nstages: [{ function: resize }]\n'

function refusal(text: string): CloudlessError {
  try {
    decodePipelineFile(text, 'pipeline.yaml')
  } catch (error) {
    if (error instanceof CloudlessError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

test('the least is a name and one stage, which has its function’s name', () => {
  expect(decodePipelineFile(least, 'pipeline.yaml')).toEqual({
    name: 'caption',
    stages: [{ name: 'resize', function: 'resize', after: [], inputs: {} }],
    owner: '',
    labels: {},
  })
})

test('everything that can be said is passed on', () => {
  const text = `name: caption
slo: { latency_ms: 400, percentile: 95 }
stages:
  - function: resize
  - { name: left, function: embed, after: resize, inputs: { x: resize.pixels } }
  - { name: right, function: embed, after: [resize], inputs: { x: image } }
  - { function: join, after: [left, right] }
timeout_ms: 90000
owner: ann
labels: { team: vision }
`
  expect(decodePipelineFile(text, 'pipeline.yaml')).toMatchObject({
    slo: { latencyMs: 400, percentile: 95, per: 'SLO_PER_REQUEST' },
    stages: [
      { name: 'resize' },
      { name: 'left', function: 'embed', after: ['resize'], inputs: { x: 'resize.pixels' } },
      { name: 'right', function: 'embed', inputs: { x: 'image' } },
      { name: 'join', after: ['left', 'right'] },
    ],
    timeoutMs: 90_000,
    owner: 'ann',
    labels: { team: 'vision' },
  })
})

describe('what is wrong is named with its line and the fix', () => {
  test.each([
    ['name: Big\nstages: [{ function: a }]\n', 'name', 'lower-case letters', 1],
    ['name: a\ntimeout_ms: 1\nstages: [{ function: b }]\n', 'timeout_ms', 'at least 10', 2],
    ['name: a\ntimeout: 9\nstages: [{ function: b }]\n', 'timeout', 'known here: name, stages, slo, timeout_ms', 2],
    ['name: a\nstages: []\n', 'stages', 'at least one', 2],
    ['name: a\nstages: 3\n', 'stages', 'a list', 2],
    ['name: a\nstages:\n  - { functon: b }\n', 'stages[0].functon', '"function"', 3],
    ['name: a\nstages:\n  - { name: b, function: A_B }\n', 'stages[0].function', 'lower-case letters', 3],
    ['name: a\nstages:\n  - { function: b, after: 3 }\n', 'stages[0].after', 'the name of a stage', 3],
    ['name: a\nstages:\n  - { function: b, inputs: { x: 3 } }\n', 'stages[0].inputs.x', 'stage.output', 3],
    ['name: a\nstages:\n  - { function: b }\n  - { function: b }\n', 'stages[1].name', 'a name of its own', null],
    [
      'name: a\nstages:\n  - { function: b, after: c }\n  - { function: c, after: b }\n',
      'stages[0].after',
      'nothing',
      3,
    ],
    ['name: a\nstages:\n  - { function: b }\n  - { function: c }\n', 'stages', 'neither wait', 3],
    ['name: a\nstages:\n  - { function: b, inputs: { x: c.y } }\n', 'stages[0].inputs.x', 'no stage is named', 3],
    [`${least}slo: { latency_ms: 0 }\n`, 'slo.latency_ms', 'at least 1', 3],
    [`${least}stage: []\n`, 'stage', '"stages"', 3],
  ])('%j', (text, field, fix, line) => {
    const { violations, reason } = refusal(text)
    expect(reason).toBe('PIPELINE_FILE')
    const found = violations.find((violation) => violation.field === field)
    expect(found, JSON.stringify(violations)).toBeDefined()
    expect(found!.description).toContain(fix)
    expect(found!.description).toContain(line === null ? fix : `line ${line}`)
  })
})

test('whatever a file holds, it is taken or refused as a pipeline file', () => {
  const word = constantFrom('a', 'b', 'a.b', '', '[]', '{}', '3', 'null', '[a, b]', '&x [*x]')
  const isAnswered = (text: string): boolean => {
    try {
      return decodePipelineFile(text, 'pipeline.yaml').name !== ''
    } catch (error) {
      return error instanceof CloudlessError && error.kind === 'invalid' && error.reason === 'PIPELINE_FILE'
    }
  }
  const drawn = record({ name: word, function: word, after: word, inputs: word })
  check(
    property(drawn, string({ maxLength: 40 }), ({ name, function: of, after, inputs }, junk) => {
      const stage = `{ name: ${name}, function: ${of}, after: ${after}, inputs: ${inputs} }`
      expect(isAnswered(`name: p\nstages:\n  - { function: a }\n  - ${stage}\n`)).toBe(true)
      expect(isAnswered(junk)).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test('the document has every field', () => {
  const document = readFileSync(join(import.meta.dirname, 'pipeline-file.md'), 'utf8')
  for (const key of Object.keys(pipelineFileSchema.shape)) expect(document, key).toMatch(new RegExp(`\`${key}[\`.]`))
})

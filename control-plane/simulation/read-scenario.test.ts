import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toJSONSchema } from 'zod'
import { knownKeys, parseScenario } from './read-scenario.ts'
import { scenarioSchema } from './scenario-schema.ts'

const good = `name: one
capacity:
  - { regions: ["*"], device: cpu, units: 4 }
arrivals: { kind: at-once, jobs: 3 }
jobs:
  - name: digits
    samples_per_second: { cpu: 100 }
`

function refusal(text: string): string {
  try {
    parseScenario(text, 'one.yaml')
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('was not refused')
}

describe('a scenario file', () => {
  test('needs little: the rest has defaults', () => {
    const scenario = parseScenario(good, 'one.yaml')
    expect(scenario).toMatchObject({ seed: 1, length: 7 * 86_400, policies: ['least-cost'], regions: ['*'] })
    expect(scenario.capacity[0]).toMatchObject({ units: [4, 4], market: 'on-demand' })
    expect(scenario.jobs[0]).toMatchObject({ device_hours: [1, 24], model: 100e6, sync: { strategy: 'auto' } })
  })

  test('that comes as an example is one', () => {
    const path = join(import.meta.dirname, '../../examples/scenarios/three-regions.yaml')
    expect(parseScenario(readFileSync(path, 'utf8'), path).jobs).toHaveLength(2)
  })

  test('has every key in its description, and hints know every key', () => {
    const text = readFileSync(join(import.meta.dirname, '../../cli/scenario-file.md'), 'utf8')
    const keys = keysOf(toJSONSchema(scenarioSchema, { io: 'input', unrepresentable: 'any' }))
    expect(keys.size).toBeGreaterThan(50)
    expect([...keys].filter((key) => !text.includes(`\`${key}\``) && !text.includes(`\`${key}:`))).toEqual([])
    expect([...keys].filter((key) => !knownKeys.includes(key))).toEqual([])
  })

  test.each([
    [
      'an unknown key',
      good.replace('device: cpu', 'devise: cpu'),
      /capacity\[0\]\.devise: unknown key \(line 3\); did you mean "device"/,
    ],
    ['a bare duration', `${good}length: 7\n`, /length: 7 \(line 8\): is not a duration; write a number with its unit/],
    ['a negative count', good.replace('jobs: 3', 'jobs: -3'), /arrivals\.jobs: -3 \(line 4\): must be at least 1/],
    ['NaN', good.replace('cpu: 100', 'cpu: .nan'), /samples_per_second\.cpu: .* \(line 7\)/],
    [
      'two ways to say units',
      good.replace('units: 4', 'units: 4, total_units: 9'),
      /units: .*is needed, or total_units, and not both/,
    ],
    [
      'a range upside down',
      `${good}    device_hours: [9, 2]\n`,
      /device_hours: \[9,2\] \(line 8\): has its least value above its greatest/,
    ],
    [
      'a policy that does not exist',
      `${good}policies: [best]\n`,
      /policies\[0\]: "best" \(line 8\): must be one of least-cost/,
    ],
    [
      'availability on demand',
      good.replace('units: 4', 'units: 4, availability: { losses_per_hour: 1 }'),
      /availability: .*write market: spot/,
    ],
    ['something missing', good.replace('arrivals: { kind: at-once, jobs: 3 }\n', ''), /arrivals: is missing/],
    ['no YAML', 'name: [', /one\.yaml is not valid YAML/],
    [
      'an alias bomb',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n`,
      /not valid YAML/,
    ],
  ])('with %s is refused with field, line and fix', (_, text, message) => {
    expect(refusal(text)).toMatch(message)
  })
})

/** Of all maps in a schema whose keys are fixed. */
function keysOf(schema: unknown): ReadonlySet<string> {
  if (typeof schema !== 'object' || schema === null) return new Set()
  const { properties } = schema as { properties?: object }
  const inner = Object.values(schema).flatMap((value) => [...keysOf(value)])
  return new Set([...Object.keys(properties ?? {}), ...inner])
}

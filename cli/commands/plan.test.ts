// `cloudless plan` where no control plane is asked, and options that do not go together.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { runProgram } from '../program.ts'

const example = join(import.meta.dirname, '../../examples/planning')
const jobFile = join(example, 'job.yaml')
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-plan-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function plan(...given: string[]): Promise<{ code: number; stdout: string; json: unknown }> {
  let stdout = ''
  const code = await runProgram({
    arguments: ['plan', ...given],
    stdout: { write: (data) => void (stdout += Buffer.from(data).toString('utf8')) },
    stderr: { write: () => {} },
    environment: { CLOUDLESS_HOME: folder },
    clock: systemClock(),
    random: seededRandom(1),
    signal: new AbortController().signal,
    version: '0',
  })
  return { code, stdout, json: given.includes('--json') ? JSON.parse(stdout) : null }
}

describe('plan --offline', () => {
  const offline = [jobFile, '--offline', '--capacity', join(example, 'capacity.yaml')]

  test('plans on the units of a file, as text or JSON', async () => {
    const text = await plan(...offline)
    expect(text).toMatchObject({ code: 0 })
    expect(text.stdout).toMatch(/^placed by policy least-cost: the cheapest of those within 25 % of the fastest/)
    expect(text.stdout).toMatch(/above the best possible|proved to be the best plan/)
    const { json } = await plan(...offline, '--what-if', 'tencent/* gone', '--json')
    expect(json).toMatchObject({
      plan: { outcome: 'waiting' },
      without: { outcome: 'placed' },
      input: { going_on: false },
    })
  })

  test('writes a page', async () => {
    const page = join(folder, 'plan.html')
    expect(await plan(...offline, '--html', page)).toMatchObject({ code: 0, stdout: `${page}\n` })
    expect(readFileSync(page, 'utf8')).toContain('<h1>Plan of five-regions</h1>')
    expect(await plan(...offline, '--html', folder, '--json')).toMatchObject({
      code: 2,
      json: { error: { violations: [{ field: '--html' }] } },
    })
  })

  test('names a wrong what-if and fails where no plan is possible', async () => {
    expect(await plan(...offline, '--what-if', 'aws/* prize x2', '--json')).toMatchObject({
      code: 2,
      json: { error: { reason: 'WHAT_IF', violations: [{ field: 'what_if[0]' }] } },
    })
    const poor = await plan(...offline, '--what-if', 'budget =1')
    expect(poor).toMatchObject({ code: 1 })
    expect(poor.stdout).toContain('the budget is $1.00')
  })
})

test('options of plan that do not go together are named', async () => {
  const fieldsOf = async (...given: string[]): Promise<string[]> => {
    const { code, json } = await plan(...given, '--json')
    expect(code).toBe(2)
    return (json as { error: { violations: { field: string }[] } }).error.violations.map(({ field }) => field)
  }
  expect(await fieldsOf(jobFile, '--capacity', 'c.yaml', '--catalogue', 'x')).toEqual(['--capacity', '--catalogue'])
  expect(await fieldsOf(jobFile, '--offline')).toEqual(['--capacity'])
  expect(await fieldsOf(jobFile, '--replay', '--history')).toEqual(['--replay', '--history'])
  expect(await fieldsOf('--job', 'j-1', '--plan', '2')).toEqual(['--plan'])
  expect(await fieldsOf('--job', 'j-1', '--replay', '--plan', '0')).toEqual(['--plan'])
})

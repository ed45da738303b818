// The planning example, as its page describes it: every what-if there is asked, and the plan itself is the one it tells of.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { planOffline } from '#control-plane/plan-offline.ts'
import { loadCatalogue } from '#regions/load-catalogue.ts'
import { readJobFile } from '../job-file.ts'
import { planAnswer } from './answer.ts'
import { inputOn, readCapacityFile } from './capacity-file.ts'

const folder = join(import.meta.dirname, '../../examples/planning')
const { spec } = readJobFile(join(folder, 'job.yaml'))
const job = { ...spec, function: { ...spec.function, bundleDigest: 'ab'.repeat(32) } }
const input = inputOn(readCapacityFile(join(folder, 'capacity.yaml')), job, 0)
const catalogue = await loadCatalogue()

test('data that may move makes the plan cheaper, and what the law keeps stays', () => {
  const { plan, without } = planAnswer(planOffline(input, catalogue, ['data aws/* stays']))
  expect(without).toMatchObject({ outcome: 'PLAN_OUTCOME_PLACED' })
  expect(without!.movements.length).toBeGreaterThan(0)
  expect(without!.movements.every(({ toRegion }) => toRegion.startsWith('aws/'))).toBe(true)
  const european = without!.movements.find(({ fromRegion }) => fromRegion === 'aws/eu-central-1')
  expect(european?.toRegion ?? 'aws/eu-central-1').toMatch(/^aws\/eu-/)
  expect(plan.movements).toEqual([])
  expect(plan.forecast!.totalUsd).toBeGreaterThan(1.1 * without!.forecast!.totalUsd)
})

const commands = readFileSync(join(folder, 'README.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('    npx cloudless plan') && line.includes('--what-if'))
  .map((line) => [...line.matchAll(/--what-if '([^']*)'/g)].map((match) => match[1]!))

test.each(commands)('what if %s', (...whatIfs) => {
  const { differences } = planAnswer(planOffline(input, catalogue, whatIfs))
  expect(differences.length).toBeGreaterThan(0)
})

// Jobs on shares of GPUs in a simulation: the scheduler plans them, simulated agents place them.
import { array, assert, constantFrom, property } from 'fast-check'
import { expect, test } from 'vitest'
import { aCatalogue } from '#control-plane/model/builders.ts'
import { plainClass } from '#control-plane/model/device-class.ts'
import type { GpuShare } from '#control-plane/model/gpu-share.ts'
import { silentLog } from '#runtime/log.ts'
import { PoolState } from './pool-state.ts'
import { parseScenario } from './read-scenario.ts'
import { simulate } from './simulate.ts'
import type { RunReport } from './simulation-report.ts'

const gib = 2 ** 30
const half: GpuShare = { requestMilli: 500, limitMilli: 750, memoryBytes: 4 * gib }
const whole = {
  region: 'a',
  device: plainClass('t4'),
  key: 't4',
  units: 2,
  availability: { kind: 'steady' as const },
}
const pool = { ...whole, sharedBytes: 16 * gib }

test('GPUs that are shared are filled one after the other, and are whole or shared', () => {
  const state = new PoolState(pool, 0)
  const place = (gpuShare?: GpuShare): string | null =>
    state.place(0, { units: 1, ...(gpuShare === undefined ? {} : { gpuShare }) })
  expect([place(half), place(half), place(half)]).toEqual(['t4#0', 't4#0', 't4#1'])
  expect([place(), place({ ...half, memoryBytes: 13 * gib }), state.used]).toEqual([null, null, 1.5])
  state.remove(0, { units: 1, gpuShare: half }, 't4#1')
  expect([place(), place(half), state.used]).toEqual(['t4#1', null, 2])
  expect(state.devices()).toMatchObject([{ id: 't4#0', units: 1, sharing: 'interposer' }, { id: 't4#1' }])
})

test('one that takes no shares gives none', () => {
  expect(new PoolState(whole, 0).place(0, { units: 1, gpuShare: half })).toBeNull()
})

test('whatever comes and goes, no GPU gives more than it has', () => {
  const shares = constantFrom<GpuShare | undefined>(undefined, half, { ...half, requestMilli: 300, limitMilli: 900 })
  assert(
    property(array(shares, { maxLength: 12 }), array(constantFrom(0, 1, 2), { maxLength: 6 }), (asked, gone) => {
      const state = new PoolState(pool, 0)
      const placed = asked.flatMap((gpuShare) => {
        const instance = { units: 1, ...(gpuShare === undefined ? {} : { gpuShare }) }
        const id = state.place(0, instance)
        return id === null ? [] : [{ instance, id }]
      })
      for (const at of gone) for (const { instance, id } of placed.splice(at, 1)) state.remove(0, instance, id)
      expect(state.used).toBeLessThanOrEqual(2 + 1e-9)
      for (const { instance, id } of placed) state.remove(0, instance, id)
      expect(state.used).toBeCloseTo(0)
    }),
  )
})

const text = (share: string, shared: string): string => `
name: shared
length: 4h
regions: ["onprem/a"]
capacity: [{ regions: ["*"], device: t4, units: 2${shared} }]
arrivals: { kind: poisson, jobs: 12 }
jobs:
  - { name: small, samples_per_second: { t4: 100 }, device_hours: [0.2, 1], workers_max_per_region: 1${share} }
agents: { crashes_per_hour: 0.2 }
`

async function run(scenario: string): Promise<RunReport> {
  const catalogue = aCatalogue({ 'onprem/a': { t4: 1 } }, { cpu: 1, t4: 100 })
  const options = { seed: 3, log: silentLog, readText: () => '', onProgress: () => {} }
  return (await simulate({ scenario: parseScenario(scenario, 'x.yaml'), catalogue, ...options })).runs[0]!
}

test('jobs that are content with half a GPU wait less and pay half of one', async () => {
  const exclusive = await run(text('', ''))
  const shared = await run(text(', gpu_share: { request: 0.5 }', ', shared: {}'))
  expect(shared.jobs.byState).toEqual(exclusive.jobs.byState)
  expect(shared.jobs.byState['succeeded']).toBe(shared.jobs.submitted)
  expect(shared.cost.computeUsd / exclusive.cost.computeUsd).toBeCloseTo(0.5, 1)
  expect(shared.waiting.mean).toBeLessThan(exclusive.waiting.mean / 2)
})

test('shares of CPUs and of spot capacity are refused with field and line', () => {
  const wrong = text('', ', shared: {}').replace('device: t4', 'device: cpu')
  expect(() => parseScenario(wrong, 'x.yaml')).toThrow(/capacity\[0\]\.shared: .*is of GPUs on demand/)
  const over = text(', gpu_share: { request: 0.5, limit: 0.4 }', '')
  expect(() => parseScenario(over, 'x.yaml')).toThrow(/must be at least request/)
})

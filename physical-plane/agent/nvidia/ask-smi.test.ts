// With the fake GPU's nvidia-smi, a program of its own.
import { mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { failFakeGpu, makeFakeGpu } from '#test/fake-gpu/fake-gpu.ts'
import { askSmi, smiAsker, type SmiAnswer } from './ask-smi.ts'
import { devicesOfLog } from './devices-of-log.ts'

const gib = 2 ** 30
const lost = 999
let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'smi-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function aMachine(name: string, variant = '') {
  const gpus = [0, 1].map((at) => makeFakeGpu(join(root, `${name}-${at}`), { name: 'Tesla T4', memoryBytes: 16 * gib }))
  const folder = join(import.meta.dirname, '../../../test/fake-gpu')
  const environment = {
    PATH: `${folder}:${process.env['PATH'] ?? ''}`,
    FAKE_GPU_FILE: gpus.map(({ path }) => path).join(':'),
    FAKE_NVIDIA_SMI: variant,
  }
  return { gpus, environment }
}

function idsOf(answer: SmiAnswer): readonly string[] | string {
  if (answer.kind !== 'answered') return answer.kind
  return devicesOfLog(answer.log, answer.migNames, { offBecause: '', mps: 'none' }).map(({ id }) => id)
}

test('GPUs are listed; one that is lost is missing though nvidia-smi fails for all, and all are when none answers', async () => {
  const { gpus, environment } = aMachine('lost')
  const ids = gpus.map(({ uuid }) => uuid)
  const ask = smiAsker(environment)
  expect(idsOf(await ask())).toEqual(ids.toSorted())
  failFakeGpu(gpus[0]!.path, lost)
  expect(idsOf(await askSmi(environment))).toBe('failed')
  expect(idsOf(await ask())).toEqual([ids[1]])
  failFakeGpu(gpus[1]!.path, lost)
  expect(idsOf(await ask())).toBe('failed')
  failFakeGpu(gpus[0]!.path, 0)
  unlinkSync(gpus[1]!.path)
  expect(idsOf(await ask())).toEqual([ids[0]])
})

test('MIG devices have their names', async () => {
  const { gpus, environment } = aMachine('mig', 'mig')
  const answer = await smiAsker(environment)()
  const ids = idsOf(answer) as readonly string[]
  expect(ids.filter((id) => id.startsWith('MIG-')).length).toBe(2)
  expect(ids).toContain(gpus[1]!.uuid)
})

test.each([
  ['driver-failed', /./],
  ['garbage', /is no XML to be read/],
])('%s is a failure with a reason', async (variant, why) => {
  const { environment } = aMachine(variant, variant)
  expect(await askSmi(environment)).toMatchObject({ kind: 'failed', why: expect.stringMatching(why) as unknown })
})

test('no nvidia-smi, no GPUs', async () => {
  expect(await askSmi({ PATH: '/nonexistent' })).toEqual({ kind: 'absent' })
})

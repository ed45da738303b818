import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openResults } from './results-file.ts'
import type { RunRecord } from './run-record.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'results-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function aRecord(key: string): RunRecord {
  return {
    key,
    world: 'two',
    row: 'asgd',
    seed: 1,
    learningRate: 0.1,
    sync: { strategy: 'asgd' },
    failure: '',
    wasCut: false,
    seconds: 1,
    samples: 1,
    accuracy: [{ seconds: 1, value: 0.5 }],
    wanBytes: [],
    finalAccuracy: null,
    wanBytesTotal: 0,
    costUsd: 0,
    rounds: 0,
    finalModels: 1,
    paces: [],
    reasons: [],
    atMs: 0,
  }
}

test('finished runs are found again, of the same settings only, without one whose line was cut', () => {
  const results = openResults(join(folder, 'a'), { pace: 1 }, false)
  results.add(aRecord('one'))
  results.add(aRecord('two'))
  appendFileSync(results.path, '{"key":"thr')
  expect(openResults(join(folder, 'a'), { pace: 1 }, false).records).toEqual([aRecord('one'), aRecord('two')])
  expect(openResults(join(folder, 'a'), { pace: 2 }, false).records).toEqual([])
})

test('a run that is added after a cut line is found again too', () => {
  const results = openResults(join(folder, 'd'), {}, false)
  results.add(aRecord('one'))
  appendFileSync(results.path, '{"key":"tw')
  openResults(join(folder, 'd'), {}, false).add(aRecord('two'))
  expect(openResults(join(folder, 'd'), {}, false).records).toEqual([aRecord('one'), aRecord('two')])
})

test('--fresh forgets them', () => {
  openResults(join(folder, 'b'), {}, false).add(aRecord('one'))
  expect(openResults(join(folder, 'b'), {}, true).records).toEqual([])
})

test('a line of something else is refused by its number', () => {
  const results = openResults(join(folder, 'c'), {}, false)
  results.add(aRecord('one'))
  appendFileSync(results.path, '{"key":"two"}\n')
  expect(() => openResults(join(folder, 'c'), {}, false)).toThrow('line 2 is no result of this benchmark')
})

import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '#regions/load-catalogue.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { Checkers } from './checkers.ts'
import { briefRun } from './options.ts'
import { simulate } from './simulate.ts'
import { learningRate } from './workload.ts'

describe('the simulator', () => {
  test('the same seed gives the same history, another seed another', async () => {
    const catalogue = await loadCatalogue()
    const run = async (seed: number): Promise<string> =>
      (await simulate({ ...briefRun, jobs: 2, seed }, catalogue)).fingerprint
    const first = await run(7)
    expect(await run(7)).toBe(first)
    expect(await run(8)).not.toBe(first)
  })

  test('one gradient too much in the final model is found', async () => {
    const catalogue = await loadCatalogue()
    // Seeds without faults, so that the only thing wrong is what is done here.
    const options = { ...briefRun, faultsPerHour: 0, jobs: 12, seed: 1 }
    const addOne = (values: Float32Array): void => void (values[0]! -= learningRate)
    await expect(simulate({ ...options, onModel: addOne }, catalogue)).rejects.toThrow(/seed 1: .*element 0 of j-/)
  })

  test('a second that is not billed is found', async () => {
    const catalogue = await loadCatalogue()
    const options = { ...briefRun, faultsPerHour: 0, jobs: 1, seed: 1 }
    await expect(simulate({ ...options, unmeteredMs: 1_000 }, catalogue)).rejects.toThrow(/device-seconds of j-/)
  })
})

describe('the checkers', () => {
  const checkers = (): Checkers => {
    const made = new Checkers(new VirtualClock())
    made.device('lab/cpu-0', 2)
    return made
  }

  test('two live attempts of one instance are found', () => {
    const it = checkers()
    it.launched('a', 1, 'lab/cpu-0', 1)
    expect(() => it.launched('a', 2, 'lab/cpu-0', 1)).toThrow(/while an attempt of it is alive/)
  })

  test('an attempt number used again is found', () => {
    const it = checkers()
    it.launched('a', 1, 'lab/cpu-0', 1)
    it.ended('a')
    expect(() => it.launched('a', 1, 'lab/cpu-0', 1)).toThrow(/attempt of a went from 1 to 1/)
  })

  test('an oversold device is found', () => {
    const it = checkers()
    it.launched('a', 1, 'lab/cpu-0', 2)
    expect(() => it.launched('b', 1, 'lab/cpu-0', 1)).toThrow(/oversold: 3 of 2/)
  })

  test('a version that goes back is found', () => {
    const it = checkers()
    it.grows('version', 2)
    it.grows('version', 2)
    expect(() => it.grows('version', 1)).toThrow(/version went from 2 to 1/)
  })
})

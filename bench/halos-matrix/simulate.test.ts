import { describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { classes, pixels, type Images } from './images.ts'
import { exchangeMs, gbitPerSecond, paperStepMs, regions } from './matrix.ts'
import { rows, type Row } from './rows.ts'
import { simulate, type SimulationOptions } from './simulate.ts'

const seconds = 16

function someImages(count: number, seed: number): Images {
  const random = seededRandom(seed)
  const labels = Uint8Array.from({ length: count }, () => random.integer(classes))
  const values = Float32Array.from({ length: count * pixels }, (_, at) => {
    // A bright row per class, so that there is something to learn.
    const isOwnRow = Math.floor((at % pixels) / 14) === labels[Math.floor(at / pixels)]
    return (isOwnRow ? 1 : 0) + 0.2 * (random.next() - 0.5)
  })
  return { count, values, labels }
}

function options({ place, sync, learningRate }: Row, change: Partial<SimulationOptions> = {}): SimulationOptions {
  const images = { training: someImages(800, 1), heldOut: someImages(50, 2) }
  return {
    place,
    sync,
    learningRate,
    seed: 3,
    batch: 4,
    stepMs: paperStepMs,
    seconds,
    evaluateSeconds: 4,
    ...images,
    ...change,
  }
}

const row = (name: string) => rows.find((each) => each.name === name)!

describe('the four regions in virtual time', () => {
  test.each(rows.map(({ name }) => name))('%s sends no more than the links carry, and trains', async (name) => {
    const { wanBytes, steps, stallShare } = await simulate(options(row(name)))
    const pairs = regions.flatMap((from) => regions.filter((to) => to !== from).map((to) => gbitPerSecond(from, to)))
    const carried = (pairs.reduce((sum, rate) => sum + rate, 0) * 1e9 * seconds) / 8
    expect(wanBytes.at(-1)!.value).toBeLessThanOrEqual(carried)
    expect(wanBytes.at(-1)!.value > 0).toBe(row(name).place === 'regions')
    expect(steps).toBeGreaterThan(0)
    expect(stallShare).toBeGreaterThan(-0.1)
    expect(stallShare).toBeLessThan(1)
  })

  test('is the same in every run with the same seed', async () => {
    const own = options(row('auto'))
    expect(await simulate(own)).toEqual(await simulate(own))
  })

  test('makes twice the steps where one takes half the time', async () => {
    const steps = async (stepMs: number): Promise<number> => (await simulate(options(row('single'), { stepMs }))).steps
    expect((await steps(100)) / (await steps(200))).toBeCloseTo((200 + exchangeMs()) / (100 + exchangeMs()), 1)
  })

  test('learns what there is to learn', async () => {
    expect((await simulate(options(row('ideal')))).accuracy.at(-1)!.value).toBeGreaterThan(0.9)
  })
})

// Each policy with the queues that its own instances make: what it decides changes what it sees next.
import { expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { autoscalerNames, autoscalerOf, baselineNames } from '../scaling/policies.ts'
import { smoothLatency } from '../scaling/view.fixture.ts'
import { arrivalsByRate } from './arrivals.ts'
import { replay } from './replay.ts'

// Knative's never rests here: with more instances batches are smaller, so that fewer requests are there at once, and it takes the
// instances away again.
const resting = [...autoscalerNames, ...baselineNames].filter((name) => name !== 'knative')

test.each(resting)('%s comes to rest under a load that stays after a rush', (name) => {
  const rates = [...Array<number>(60).fill(600), ...Array<number>(900).fill(200)]
  const { functions } = replay({
    functions: [
      {
        name: 'net',
        arrivalsMs: arrivalsByRate(rates, 1_000, 'even', seededRandom(1)),
        truth: smoothLatency,
        known: smoothLatency,
        slo: { latencyMs: 400, percentile: 99 },
        instancesMin: 1,
        instancesMax: 20,
        batchMax: 8,
        shape: { smMilli: 500, requestMilli: 400, limitMilli: 600 },
        memoryBytes: 1e9,
        coldStartMs: 5_000,
        timeoutMs: 0,
        queueMax: 0,
      },
    ],
    gpus: [{ model: 'v100', count: 8, memoryBytes: 16e9, usdPerHour: 3.6 }],
    autoscaler: autoscalerOf(name),
    lengthMs: rates.length * 1_000,
  })
  const [net] = functions
  expect(net!.happenings.filter(({ atMs }) => atMs > 850_000)).toEqual([])
  // One instance of the file's shape answers some 84 to 126 a second: all but `fixed` have more in the end.
  const lasting = net!.latenciesMs.slice(-60 * 200)
  expect(lasting.every((ms) => ms >= 0 && ms <= 400)).toBe(name !== 'fixed')
})

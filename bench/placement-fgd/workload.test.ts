import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fragmentation, typicalTasks } from '#physical-plane/gpu-sharing/placement/cluster/fragmentation.ts'
import type { Pod } from '#physical-plane/gpu-sharing/placement/cluster/node-state.ts'
import { seededRandom } from '#runtime/random.ts'
import { drawLoad, files, gpuMilliOf, readNodes, readPods } from './workload.ts'

const folder = process.env['CLOUDLESS_TRACES'] ?? join(import.meta.dirname, '../../../shared/data/alibaba-gpu-v2023')
const hasTrace = files.every((file) => existsSync(join(folder, file)))
if (!hasTrace) console.error(`bench/placement-fgd: skipped, no trace in ${folder} (set CLOUDLESS_TRACES)`)

const asked = (load: readonly Pod[]): number => load.reduce((sum, pod) => sum + gpuMilliOf(pod), 0)

test('a load is every pod once, in another order, then pods drawn until the next would pass 1.3 times the capacity', () => {
  const somePods = fc.array(fc.constantFrom(0, 200, 500, 1_000), { minLength: 1, maxLength: 30 }).map((sizes) =>
    [...sizes, 300].map((gpuMilli, at): Pod => {
      return { cpuMilli: at, memoryMib: 1, gpus: gpuMilli === 0 ? 0 : 1, gpuMilli, models: [] }
    }),
  )
  fc.assert(
    fc.property(somePods, fc.integer({ min: 1, max: 1_000 }), (pods, seed) => {
      const capacity = asked(pods)
      const load = drawLoad(pods, capacity, seededRandom(seed))
      expect(load.slice(0, pods.length).toSorted((a, b) => a.cpuMilli - b.cpuMilli)).toEqual(pods)
      expect(load.every((pod) => pods.includes(pod))).toBe(true)
      expect(asked(load)).toBeLessThanOrEqual(1.3 * capacity)
      expect(asked(load)).toBeGreaterThan(1.3 * capacity - 1_000)
      expect(drawLoad(pods, capacity, seededRandom(seed))).toEqual(load)
    }),
  )
})

test.skipIf(!hasTrace)(
  "of Alibaba's cluster a seventh is fragmented while it is empty, and some 10,850 pods load it",
  () => {
    const nodes = readNodes(folder)
    const pods = readPods(folder)
    const tasks = typicalTasks(pods)
    const gpus = nodes.reduce((sum, one) => sum + one.gpus, 0)
    const classes = [0, 1, 2, 4, 8].map((count) => pods.filter((pod) => pod.gpus === count).length)
    expect([nodes.length, gpus, pods.length, ...classes]).toEqual([1_213, 6_212, 8_152, 1_088, 6_989, 16, 15, 44])
    expect(pods.filter((pod) => pod.gpus === 1 && pod.gpuMilli < 1_000)).toHaveLength(3_078)
    expect((100 * asked(pods)) / (1_000 * gpus)).toBeCloseTo(98, 1)
    const lost = nodes.reduce((sum, { model, cpuMilli, memoryMib, gpus: count }) => {
      const gpuMilli = Array<number>(count).fill(1_000)
      return sum + fragmentation({ model, cpuMilli, memoryMib, gpuMilli, classes: 0 }, tasks)
    }, 0)
    expect((100 * lost) / (1_000 * gpus)).toBeCloseTo(13.9, 1)
    for (const seed of [1, 2, 3]) {
      const load = drawLoad(pods, 1_000 * gpus, seededRandom(seed))
      expect(Math.abs(load.length - 10_850)).toBeLessThan(150)
    }
  },
)

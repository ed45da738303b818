import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { typicalTasks } from '#physical-plane/gpu-sharing/placement/cluster/fragmentation.ts'
import { leastStranding } from '#physical-plane/gpu-sharing/placement/cluster/least-stranding.ts'
import { bestFit, fragmentationGradient } from '#physical-plane/gpu-sharing/placement/cluster/published.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { replay } from './replay.ts'
import { drawLoad, files, readNodes, readPods } from './workload.ts'

const folder = process.env['CLOUDLESS_TRACES'] ?? join(import.meta.dirname, '../../../shared/data/alibaba-gpu-v2023')
const hasTrace = files.every((file) => existsSync(join(folder, file)))
if (!hasTrace) console.error(`bench/placement-fgd: skipped, no trace in ${folder} (set CLOUDLESS_TRACES)`)

test.skipIf(!hasTrace)("on one draw of Alibaba's load ours hands out more than FGD, and FGD what was published", () => {
  const nodes = readNodes(folder)
  const pods = readPods(folder)
  const tasks = typicalTasks(pods)
  const capacity = nodes.reduce((sum, { gpus }) => sum + gpus * 1_000, 0)
  expect([nodes.length, capacity, tasks.length]).toEqual([1_213, 6_212_000, 35])
  expect(tasks.reduce((sum, { gpus, share }) => sum + (gpus === 0 ? share : 0), 0)).toBeCloseTo(0.136, 3)
  const load = drawLoad(pods, capacity, seededRandom(1))
  const using = { tasks, clock: new VirtualClock(), random: seededRandom(1) }
  const at100 = (policy: Parameters<typeof replay>[2]) =>
    replay(nodes, load, policy, using).byPercent.get(100)!.allocated
  const fgd = at100(fragmentationGradient(tasks))
  expect(Math.abs(fgd - 95.23)).toBeLessThan(0.5)
  expect(Math.abs(at100(bestFit) - 92.91)).toBeLessThan(0.6)
  expect(at100(leastStranding(pods, tasks))).toBeGreaterThan(Math.max(fgd, 95.43))
})

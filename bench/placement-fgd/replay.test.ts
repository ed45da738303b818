import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { typicalTasks } from '#physical-plane/gpu-sharing/placement/cluster/fragmentation.ts'
import { leastStranding } from '#physical-plane/gpu-sharing/placement/cluster/least-stranding.ts'
import {
  bestFit,
  dotProduct,
  fragmentationGradient,
  gpuClustering,
  gpuPacking,
} from '#physical-plane/gpu-sharing/placement/cluster/published.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { replay } from './replay.ts'
import { drawLoad, files, readNodes, readPods } from './workload.ts'

const folder = process.env['CLOUDLESS_TRACES'] ?? join(import.meta.dirname, '../../../shared/data/alibaba-gpu-v2023')
const hasTrace = files.every((file) => existsSync(join(folder, file)))
if (!hasTrace) console.error(`bench/placement-fgd: skipped, no trace in ${folder} (set CLOUDLESS_TRACES)`)

test.skipIf(!hasTrace)(
  "on one draw of Alibaba's load ours hands out more than FGD, and FGD and its rivals what was published",
  () => {
    const nodes = readNodes(folder)
    const pods = readPods(folder)
    const tasks = typicalTasks(pods)
    const capacity = nodes.reduce((sum, { gpus }) => sum + gpus * 1_000, 0)
    expect([nodes.length, capacity, tasks.length]).toEqual([1_213, 6_212_000, 35])
    expect(tasks.reduce((sum, { gpus, share }) => sum + (gpus === 0 ? share : 0), 0)).toBeCloseTo(0.136, 3)
    const load = drawLoad(pods, capacity, seededRandom(1))
    const using = { tasks, clock: new VirtualClock(), random: seededRandom(1) }
    const played = (policy: Parameters<typeof replay>[2]) => replay(nodes, load, policy, using).byPercent
    const at100 = (policy: Parameters<typeof replay>[2]) => played(policy).get(100)!.allocated
    const fgd = played(fragmentationGradient(tasks))
    const ours = played(leastStranding(pods, tasks))
    expect(Math.abs(fgd.get(100)!.allocated - 95.23)).toBeLessThan(0.5)
    expect(Math.abs(fgd.get(90)!.fragmentedOfIdle - 49.87)).toBeLessThan(2)
    expect(ours.get(100)!.allocated).toBeGreaterThan(Math.max(fgd.get(100)!.allocated, 95.43))
    expect(ours.get(90)!.fragmentedOfIdle).toBeLessThan(49.87)
    // Published medians of ten other draws; the last two as others who coded the recipe anew found them.
    for (const [policy, percent] of [
      [bestFit, 92.91],
      [dotProduct, 90.56],
      [gpuClustering, 91],
      [gpuPacking, 91],
    ] as const) {
      const off = Math.abs(at100(policy) - percent)
      expect([policy.name, off < 1]).toEqual([policy.name, true])
    }
  },
)

// The GPU-sharing cluster and its load, as FGD's authors made them from Alibaba's trace: the pods shuffled, then more of them
// drawn until 1.3 times the capacity is asked for. Nobody leaves. The trace does not come with Cloudless.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import type { ClusterNode } from '#physical-plane/gpu-sharing/placement/cluster/cluster-index.ts'
import type { Pod } from '#physical-plane/gpu-sharing/placement/cluster/node-state.ts'
import type { Random } from '#runtime/random.ts'

type Row = Readonly<Record<string, string>>

export const files = ['openb_node_list_gpu_node.csv', 'openb_pod_list_default.csv'] as const
const loadMax = 1.3

export function readNodes(folder: string): readonly ClusterNode[] {
  return rowsOf(join(folder, files[0])).map((row) => ({
    name: row['sn']!,
    model: row['model']!,
    cpuMilli: Number(row['cpu_milli']),
    memoryMib: Number(row['memory_mib']),
    gpus: Number(row['gpu']),
  }))
}

export function readPods(folder: string): readonly Pod[] {
  return rowsOf(join(folder, files[1])).map((row) => {
    const gpus = Number(row['num_gpu'])
    return {
      cpuMilli: Number(row['cpu_milli']),
      memoryMib: Number(row['memory_mib']),
      gpus,
      gpuMilli: gpus === 0 ? 0 : Number(row['gpu_milli']),
      models: row['gpu_spec'] === '' ? [] : row['gpu_spec']!.split('|'),
    }
  })
}

export function drawLoad(pods: readonly Pod[], capacityMilli: number, random: Random): readonly Pod[] {
  const load = [...pods]
  for (let last = load.length - 1; last > 0; last -= 1) {
    const other = random.integer(last + 1)
    const moved = load[last]!
    load[last] = load[other]!
    load[other] = moved
  }
  let asked = load.reduce((sum, pod) => sum + gpuMilliOf(pod), 0)
  for (;;) {
    const pod = load[random.integer(pods.length)]!
    asked += gpuMilliOf(pod)
    if (asked > loadMax * capacityMilli) return load
    load.push(pod)
  }
}

export function gpuMilliOf({ gpus, gpuMilli }: Pod): number {
  return gpus * gpuMilli
}

function rowsOf(file: string): readonly Row[] {
  return parse(readFileSync(file, 'utf8'), { columns: true, skip_empty_lines: true })
}

// The node policies that FGD was compared with, as its authors' simulator has them (data and formulas: Weng et al., USENIX
// ATC'23). Scores are cut to whole numbers, and that matters: ties go to the first name, which keeps pods together.
import { type Task, fragmentation } from './fragmentation.ts'
import { chooseByOutcome, type NodeChoice, type NodePolicy } from './node-policy.ts'
import {
  classOf,
  devicesFor,
  freeGpuMilli,
  isSharing,
  type NodeState,
  type Pod,
  tightestDevice,
  wholeGpuMilli,
} from './node-state.ts'

/** The largest node and the most GPUs of one, against which what is free is measured. */
const largest = { cpuMilli: 128_000, gpuMilli: 8_000 } as const

/** The node on which the pod adds the least fragmentation. */
export function fragmentationGradient(tasks: readonly Task[]): NodePolicy {
  const known = new WeakMap<NodeState, number>()
  return {
    name: 'fragmentation-gradient',
    choose: (state, pod) => {
      const before = known.get(state) ?? fragmentation(state, tasks)
      known.set(state, before)
      const score = (next: NodeState): number => {
        const gained = (before - fragmentation(next, tasks)) / wholeGpuMilli
        return Math.trunc(100 / (1 + Math.exp(-gained)))
      }
      return chooseByOutcome(state, pod, (device) => devicesFor(state, pod, device), score)
    },
  }
}

export const bestFit: NodePolicy = {
  name: 'best-fit',
  choose: (state, pod) => {
    const cpuLeft = (state.cpuMilli - pod.cpuMilli) / largest.cpuMilli
    const gpuLeft = (freeGpuMilli(state) - pod.gpus * pod.gpuMilli) / largest.gpuMilli
    return onTightest(state, pod, Math.trunc(100 * (1 - 0.5 * cpuLeft - 0.5 * gpuLeft)))
  },
}

export const dotProduct: NodePolicy = {
  name: 'dot-product',
  choose: (state, pod) => {
    const cpu = (state.cpuMilli / largest.cpuMilli) * (pod.cpuMilli / largest.cpuMilli)
    const gpu = (freeGpuMilli(state) / largest.gpuMilli) * ((pod.gpus * pod.gpuMilli) / largest.gpuMilli)
    return onTightest(state, pod, Math.trunc(100 * (1 - (cpu + gpu) / 2)))
  },
}

/** GPUs in use before free ones on nodes in use, and those before free nodes. */
export const gpuPacking: NodePolicy = {
  name: 'gpu-packing',
  choose: (state, pod) => onTightest(state, pod, packingScore(state, pod)),
}

function packingScore({ gpuMilli }: NodeState, pod: Pod): number {
  if (pod.gpus === 0) return 0
  const freeGpus = gpuMilli.filter((free) => free === wholeGpuMilli).length
  if (freeGpus === gpuMilli.length) return Math.max(33 - freeGpus, freeGpus)
  const inUse = gpuMilli.filter((free) => free < wholeGpuMilli && free >= pod.gpuMilli).sort((a, b) => a - b)
  if (inUse.length < pod.gpus) return Math.max(50 - (pod.gpus - inUse.length), 33)
  const freePercent = inUse.slice(0, pod.gpus).reduce((sum, free) => sum + free / 10, 0)
  return Math.max(100 - Math.trunc(freePercent / 10), 50)
}

/** Pods of one class together. */
export const gpuClustering: NodePolicy = {
  name: 'gpu-clustering',
  choose: (state, pod) => onTightest(state, pod, clusteringScore(state, pod)),
}

function clusteringScore(state: NodeState, pod: Pod): number {
  if (pod.gpus === 0) return 0
  const tightness = Math.trunc((25 * (largest.gpuMilli - freeGpuMilli(state))) / largest.gpuMilli)
  const own = classOf(pod)
  if (state.classes === own) return tightness + 75
  if ((state.classes & own) !== 0) return tightness + 50
  return state.classes === 0 ? tightness + 25 : tightness
}

function onTightest(state: NodeState, pod: Pod, score: number): NodeChoice {
  return { score, device: isSharing(pod) ? tightestDevice(state, pod) : -1 }
}

// Our default for a cluster: the node on which the pod strands the least of what is free. Three ways to strand GPUs are added up,
// in GPUs, before and after:
//   what is left of each GPU is worth less than it is large, at the prices of the expected shares (share-prices.ts)
//   the CPU runs out before the GPUs do: the expected shortfall of a node whose GPUs are filled from the mix, taken as normal
//   whole GPUs and whole nodes are broken into, or a node can not run a typical task any more: FGD's fragmentation
// FGD alone looks one pod ahead: it sees that 190 thousandths fit few, but not that 470 beside 470 lose less than 470 beside 320,
// nor that eight light pods in a row leave a node balanced. Of nodes alike to a twentieth of a GPU the first by name is
// taken: that keeps nodes free for pods that need all of one.
import { type Task, fragmentedGpus } from './fragmentation.ts'
import { chooseByOutcome, type NodePolicy } from './node-policy.ts'
import { devicesFor, freeGpuMilli, isSharing, type NodeState, type Pod, wholeGpuMilli } from './node-state.ts'
import { sharePrices, worthByFree } from './share-prices.ts'

/** Chosen on other draws of the load than those that are reported; half or double of any of them changes little. */
const weights = { cpuShortage: 0.2, fragmentation: 0.3, free: 0.05, stepsPerGpu: 20 } as const

export function leastStranding(expected: readonly Pod[], tasks: readonly Task[]): NodePolicy {
  const worth = worthByFree(sharePrices(sizesOf(expected)))
  const need = cpuNeed(expected)
  const known = new WeakMap<NodeState, number>()
  const usable = (state: NodeState): number => {
    let gpus = 0
    for (const free of state.gpuMilli) gpus += worth[free]!
    const short = cpuShortage(need, state.cpuMilli, gpus)
    const free = freeGpuMilli(state) / wholeGpuMilli
    return (
      gpus - weights.cpuShortage * short - weights.fragmentation * fragmentedGpus(state, tasks) - weights.free * free
    )
  }
  return {
    name: 'least-stranding',
    choose: (state, pod) => {
      const before = known.get(state) ?? usable(state)
      known.set(state, before)
      const score = (next: NodeState): number => Math.round((usable(next) - before) * weights.stepsPerGpu)
      return chooseByOutcome(state, pod, (device) => devicesFor(state, pod, device), score)
    },
  }
}

function sizesOf(expected: readonly Pod[]): readonly { readonly milli: number; readonly count: number }[] {
  const counts = new Map([[wholeGpuMilli, 1]])
  for (const pod of expected) {
    const gpus = isSharing(pod) ? 1 : pod.gpus
    if (gpus > 0) counts.set(pod.gpuMilli, (counts.get(pod.gpuMilli) ?? 0) + gpus)
  }
  return [...counts].map(([milli, count]) => ({ milli, count })).sort((a, b) => b.milli - a.milli)
}

/** CPU that filling one GPU takes, and how far that strays: for n GPUs by its square root. */
type CpuNeed = { readonly milliPerGpu: number; readonly deviation: number }

function cpuNeed(expected: readonly Pod[]): CpuNeed {
  const onGpus = expected.filter(({ gpus }) => gpus > 0)
  const gpus = onGpus.reduce((sum, pod) => sum + gpusOf(pod), 0)
  if (gpus === 0) return { milliPerGpu: 1, deviation: 1 }
  const milliPerGpu = Math.max(1, onGpus.reduce((sum, { cpuMilli }) => sum + cpuMilli, 0) / gpus)
  const squares = onGpus.reduce((sum, pod) => sum + (pod.cpuMilli - milliPerGpu * gpusOf(pod)) ** 2, 0)
  return { milliPerGpu, deviation: Math.max(1, Math.sqrt(squares / gpus)) }
}

function gpusOf({ gpus, gpuMilli }: Pod): number {
  return (gpus * gpuMilli) / wholeGpuMilli
}

/** GPUs that are left over, on average, when so much CPU has to fill so many. */
function cpuShortage({ milliPerGpu, deviation }: CpuNeed, cpuMilli: number, gpus: number): number {
  if (gpus <= 0) return 0
  const missing = milliPerGpu * gpus - cpuMilli
  const spread = deviation * Math.sqrt(gpus)
  const z = missing / spread
  return (missing * normalBelow(z) + spread * normalDensity(z)) / milliPerGpu
}

function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
}

/** To within 2e-4: the logistic form of Bowling and others (2009). */
function normalBelow(z: number): number {
  return 1 / (1 + Math.exp(-1.5976 * z - 0.07056 * z ** 3))
}

// What is free on a node of a cluster, and what a pod asks of it: CPU, memory, and parts of one GPU or several whole ones.
// Two nodes in the same state are the same to every policy, which is why a state is a value and carries no name.

/** Whole GPUs have 1,000 thousandths. */
export const wholeGpuMilli = 1_000

export type Pod = {
  readonly cpuMilli: number
  readonly memoryMib: number
  /** GPUs; 0 for a pod that needs none. */
  readonly gpus: number
  /** Thousandths of each of them; less than 1,000 only of one. */
  readonly gpuMilli: number
  /** GPU models it runs on; empty: any. */
  readonly models: readonly string[]
}

export type NodeState = {
  readonly model: string
  readonly cpuMilli: number
  readonly memoryMib: number
  /** Free thousandths by GPU. */
  readonly gpuMilli: readonly number[]
  /** Which classes of pods run on it: a bit each, see classOf. */
  readonly classes: number
}

/** Nothing of a GPU, part of one, or so many whole ones: pods of one class leave holes that fit each other. */
export function classOf({ gpus, gpuMilli }: Pod): number {
  if (gpus === 0) return 0
  return gpus === 1 && gpuMilli < wholeGpuMilli ? 1 : 2 ** (1 + Math.ceil(Math.log2(gpus)))
}

export function isSharing({ gpus, gpuMilli }: Pod): boolean {
  return gpus === 1 && gpuMilli < wholeGpuMilli
}

export function fits(state: NodeState, pod: Pod): boolean {
  if (state.cpuMilli < pod.cpuMilli || state.memoryMib < pod.memoryMib) return false
  if (pod.gpus === 0) return true
  if (pod.models.length > 0 && !pod.models.includes(state.model)) return false
  let open = 0
  for (const free of state.gpuMilli) if (free >= pod.gpuMilli) open += 1
  return open >= pod.gpus
}

/** The GPUs that the pod would take: `device` for a share, otherwise the first that are free enough. */
export function devicesFor(state: NodeState, pod: Pod, device: number): readonly number[] {
  if (pod.gpus === 0) return []
  if (isSharing(pod)) return [device]
  const open: number[] = []
  for (const [at, free] of state.gpuMilli.entries()) if (free >= pod.gpuMilli && open.length < pod.gpus) open.push(at)
  return open
}

export function withPod(state: NodeState, pod: Pod, devices: readonly number[]): NodeState {
  const gpuMilli = [...state.gpuMilli]
  for (const device of devices) gpuMilli[device]! -= pod.gpuMilli
  return {
    model: state.model,
    cpuMilli: state.cpuMilli - pod.cpuMilli,
    memoryMib: state.memoryMib - pod.memoryMib,
    gpuMilli,
    classes: state.classes | classOf(pod),
  }
}

export function freeGpuMilli({ gpuMilli }: NodeState): number {
  let free = 0
  for (const one of gpuMilli) free += one
  return free
}

/** The tightest GPU with room for a share; -1 where none has it. Ties go to the first. */
export function tightestDevice({ gpuMilli }: NodeState, pod: Pod): number {
  let best = -1
  for (const [at, free] of gpuMilli.entries())
    if (free >= pod.gpuMilli && (best < 0 || free < gpuMilli[best]!)) best = at
  return best
}

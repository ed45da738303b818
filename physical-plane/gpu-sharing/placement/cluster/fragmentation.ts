// How much of what is free is of no use to the pods that are to be expected: FGD's measure (Weng et al., USENIX ATC'23). For a
// typical task, GPUs are lost on a node that can not run it at all, and otherwise those too full for it; the fragmentation of
// the node is what is lost on average over the mix.
import { freeGpuMilli, type NodeState, type Pod, wholeGpuMilli } from './node-state.ts'

/** A kind of pod with its share of all pods that are expected. Memory is not looked at. */
export type Task = Omit<Pod, 'memoryMib'> & { readonly share: number }

/** The most frequent kinds that together make up `covered` of the pods. */
export function typicalTasks(pods: readonly Pod[], covered = 0.95): readonly Task[] {
  const kinds = new Map<string, Task>()
  for (const { cpuMilli, gpus, gpuMilli, models } of pods) {
    const key = `${cpuMilli} ${gpuMilli} ${gpus} ${models.join('|')}`
    const share = (kinds.get(key)?.share ?? 0) + 1
    kinds.set(key, { cpuMilli, gpus, gpuMilli, models, share })
  }
  const byCount = [...kinds.values()].sort(
    (a, b) => b.share - a.share || a.cpuMilli - b.cpuMilli || a.gpuMilli - b.gpuMilli,
  )
  const typical: Task[] = []
  let count = 0
  for (const task of byCount) {
    if (count >= covered * pods.length) break
    count += task.share
    typical.push(task)
  }
  return typical.map((task) => ({ ...task, share: task.share / count }))
}

/** In thousandths of a GPU. */
export function fragmentation(state: NodeState, tasks: readonly Task[]): number {
  const free = freeGpuMilli(state)
  let lost = 0
  for (const task of tasks) lost += task.share * lostTo(state, free, task)
  return lost
}

function lostTo({ model, cpuMilli, gpuMilli }: NodeState, free: number, task: Task): number {
  if (task.gpus === 0 || cpuMilli < task.cpuMilli) return free
  if (task.models.length > 0 && !task.models.includes(model)) return free
  let open = 0
  let tooFull = 0
  for (const one of gpuMilli) {
    if (one >= task.gpuMilli) open += 1
    else tooFull += one
  }
  return open < task.gpus ? free : tooFull
}

/** Whole GPUs, for those who think in them. */
export function fragmentedGpus(state: NodeState, tasks: readonly Task[]): number {
  return fragmentation(state, tasks) / wholeGpuMilli
}

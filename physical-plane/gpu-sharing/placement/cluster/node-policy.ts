// Which node, and which of its GPUs: a policy scores one node in one state for one pod, and the highest score of all nodes with
// room wins (cluster-index.ts). It sees neither the other nodes nor the pods to come.
import { isSharing, type NodeState, type Pod, withPod } from './node-state.ts'

/** `device` is the GPU of a share; -1 for pods that take whole ones, the first that are free, or none. */
export type NodeChoice = { readonly score: number; readonly device: number }

export type NodePolicy = {
  readonly name: string
  /** The node has room for the pod. */
  readonly choose: (state: NodeState, pod: Pod) => NodeChoice
}

/** Scores the node as it would be with the pod: for a share on each GPU that has room, the first of the best. */
export function chooseByOutcome(
  state: NodeState,
  pod: Pod,
  devicesOf: (device: number) => readonly number[],
  score: (next: NodeState) => number,
): NodeChoice {
  if (!isSharing(pod)) return { score: score(withPod(state, pod, devicesOf(-1))), device: -1 }
  let best: NodeChoice | null = null
  for (const [device, free] of state.gpuMilli.entries()) {
    // GPUs with as much left lead to the same outcome: the first of them stands for all.
    if (free < pod.gpuMilli || state.gpuMilli.indexOf(free) < device) continue
    const outcome = score(withPod(state, pod, devicesOf(device)))
    if (best === null || outcome > best.score) best = { score: outcome, device }
  }
  return best ?? { score: Number.NEGATIVE_INFINITY, device: -1 }
}

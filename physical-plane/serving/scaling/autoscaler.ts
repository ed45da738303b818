// What an autoscaler is: from what a function's gateway has measured, what its instances have of their GPUs and how long batches
// take there, to actions with reasons. Pure: what a policy remembers goes in and comes out. One policy a file; the same files
// decide in an agent and in a replay on virtual time.

/** A part of one GPU: so many of its multiprocessors, and of the time on those what is guaranteed and what may be taken. In thousandths. */
export type Shape = { readonly smMilli: number; readonly requestMilli: number; readonly limitMilli: number }

export type ScaledInstance = {
  readonly id: string
  readonly deviceId: string
  readonly shape: Shape
  /** It answers; otherwise it is still being started. */
  readonly isReady: boolean
  readonly bornAtMs: number
  /** What the GPU's manager allows it now, in thousandths of the device's time. */
  readonly quotaMilli: number
  /** Requests a second that it could answer as it is now, by how long its batches took; 0 while nobody knows. */
  readonly measuredPerSecond: number
}

/** A GPU that instances could be on, with what all functions and trainings on it have. */
export type ScaledDevice = {
  readonly id: string
  readonly model: string
  readonly shapes: readonly Shape[]
  readonly memoryFreeBytes: number
  readonly usdPerHour: number
}

/** One second of a function, as its gateway saw it. */
export type Second = {
  /** At its end. */
  readonly atMs: number
  /** Requests that came, whether they were taken or not; those that were answered, and refused. */
  readonly arrived: number
  readonly answered: number
  readonly refused: number
  readonly overSlo: number
  /** At its end. */
  readonly queued: number
  readonly inFlight: number
  /** Of those answered, at the objective's percentile; 0 without any. */
  readonly latencyMs: number
}

/**
 * How long a batch takes with what the shape guarantees (`requestMilli` of the time); positive, and not longer with more of the
 * device. Null where nobody has measured anything like it.
 */
export type LatencyModel = (deviceModel: string, batch: number, shape: Shape) => number | null

export type ScalingView = {
  readonly nowMs: number
  /** Oldest first, without gaps; at least as long as the longest look-back of any policy, once there has been so much. */
  readonly history: readonly Second[]
  /** In order of birth. */
  readonly instances: readonly ScaledInstance[]
  /** Those with instances first, otherwise in order of their ids. */
  readonly devices: readonly ScaledDevice[]
  readonly latency: LatencyModel
  /** Null: any latency will do. */
  readonly slo: { readonly latencyMs: number; readonly percentile: number } | null
  readonly instancesMin: number
  readonly instancesMax: number
  readonly batchMax: number
  /** What the function's file asks for: policies that choose no shapes use it. */
  readonly shape: Shape
  readonly memoryBytes: number
  /** False where instances have their devices whole, or these are not shared: only numbers can change. */
  readonly canReshape: boolean
  /** From an instance's birth to its first answer, as it was last; a guess before. */
  readonly coldStartMs: number
}

export type Action =
  | { readonly kind: 'resize'; readonly instanceId: string; readonly shape: Shape; readonly because: string }
  /** On that device; on a fresh one where it is null. */
  | { readonly kind: 'add'; readonly deviceId: string | null; readonly shape: Shape; readonly because: string }
  | { readonly kind: 'remove'; readonly instanceId: string; readonly because: string }

export type Decided<Memory> = { readonly actions: readonly Action[]; readonly memory: Memory }

/** Keeps at least one instance, also where none is allowed: whether the last one goes is decided for all policies alike (keep-warm.ts). */
export type Autoscaler<Memory = unknown> = {
  readonly name: string
  /** It counts requests at once, and so takes it that those wait that can not be answered yet (Knative's activator), however late they become. */
  readonly isQueueing?: boolean
  readonly initial: Memory
  /** Called once a second. Actions are taken to be done at once: instances that were added are in the next view, not ready yet. */
  readonly decide: (view: ScalingView, memory: Memory) => Decided<Memory>
}

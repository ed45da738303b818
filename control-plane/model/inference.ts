// What a function that answers requests is to the control plane. Its instances stand among those of jobs, with the function's id
// as their job's; what they are run with has a version, so that instances of an older one are told from those of the newest.
import type { GpuShare } from './gpu-share.ts'
import type { Instance } from './snapshot.ts'

export type Slo = {
  readonly latencyMs: number
  /** For example 99. */
  readonly percentile: number
  /** What takes at most so long: a request, or a token of its answer. */
  readonly per: 'request' | 'token'
}

export type InferenceSpec = {
  readonly name: string
  readonly bundleDigest: string
  /** "module:Class", or "onnx:PATH". */
  readonly handler: string
  readonly environment: Readonly<Record<string, string>>
  /** Null: as fast as it goes. */
  readonly slo: Slo | null
  /** In each region. */
  readonly instancesMin: number
  readonly instancesMax: number
  readonly batchMax: number
  /** Null: the whole of its device. */
  readonly gpuShare: GpuShare | null
  /** Empty: any. */
  readonly deviceModels: readonly string[]
  /** Empty: in the cheapest region that has room. */
  readonly regions: readonly string[]
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  /** Which policy decides on numbers and shares. */
  readonly autoscaler: AutoscalerName
  /** A request is answered within this time or refused. */
  readonly timeoutMs: number
  /** Requests that wait at the gateway at most; 0: as many as the objective lets be answered. */
  readonly queueMax: number
  /** A request whose instance died is not given to another one. */
  readonly atMostOnce: boolean
  /** How long batches take, as it was measured. */
  readonly profile: readonly ProfilePoint[]
  /** What an instance's process may hold of the machine's memory; 0: without a bound. */
  readonly memoryBytes: number
}

export const autoscalerNames = ['hybrid', 'dilu', 'has-gpu', 'fast-gshare', 'knative', 'fixed'] as const
export type AutoscalerName = (typeof autoscalerNames)[number]

/** A batch of so many takes so long on this part of one GPU of this model; parts in thousandths. */
export type ProfilePoint = {
  readonly deviceModel: string
  readonly batch: number
  readonly smMilli: number
  readonly quotaMilli: number
  readonly latencyMs: number
}

/** Where a region's functions are asked: host:port, '' where it does not listen. */
export type Gateway = { readonly http: string; readonly grpc: string }

export type FunctionState = 'deploying' | 'ready' | 'failed' | 'deleting' | 'deleted'

export type InferenceFunction = {
  readonly id: string
  readonly spec: InferenceSpec
  /** Grows when what instances are run with changes. */
  readonly version: number
  /** Of versions that instances still run with. */
  readonly older: readonly { readonly version: number; readonly spec: InferenceSpec }[]
  readonly state: FunctionState
  /** Why it is in this state, in one sentence with values. */
  readonly reason: string
  /** Where it runs: what its spec names, or where there was room. */
  readonly places: readonly string[]
  /** Instances that each region's agent asked for last. */
  readonly wanted: Readonly<Record<string, number>>
  /** What each region's agent wishes for its instances; absent before any has. */
  readonly wishes?: Readonly<Record<string, Wish>>
  /** Instances that gave up in a row, and when the next one may begin. */
  readonly failures: number
  readonly retryAtMs: number
  /** Ids are never used again: the number of the next instance. */
  readonly nextInstance: number
  readonly createdAtMs: number
  /** Null until nothing of it is left. */
  readonly endedAtMs: number | null
  /** The store's revision of its last change. */
  readonly revision: number
}

/** What an agent's scaler wishes for the instances of a function there. */
export type Wish = {
  /** What those that stay are to have of their GPU from now on, by their ids. */
  readonly shares: Readonly<Record<string, GpuShare>>
  /** Those that are to begin, one after the other. */
  readonly added: readonly GpuShare[]
  /** Known to the agent and not wished for any more, in ascending order. */
  readonly removed: readonly string[]
  /** Why, in one sentence. */
  readonly because: string
}

/** What an instance tells of how it answers. */
export type Serving = {
  readonly isReady: boolean
  readonly requests: number
  readonly errors: number
  readonly overSlo: number
  readonly requestsPerSecond: number
  readonly latencyMs: number
  readonly queued: number
  readonly capacityPerSecond: number
}

/** What this instance is run with. */
export function specOf({ spec, version, older }: InferenceFunction, instance: Instance): InferenceSpec {
  const own = instance.functionVersion ?? version
  return own === version ? spec : (older.find((each) => each.version === own)?.spec ?? spec)
}

/** Whether instances have to be started again to be as `after` says; numbers, places and who pays are not theirs. */
export function runsOtherwise(before: InferenceSpec, after: InferenceSpec): boolean {
  return JSON.stringify(runWith(before)) !== JSON.stringify(runWith(after))
}

function runWith({
  bundleDigest,
  handler,
  environment,
  slo,
  batchMax,
  gpuShare,
  deviceModels,
  memoryBytes,
}: InferenceSpec): unknown {
  const variables = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))
  return [bundleDigest, handler, variables, slo, batchMax, gpuShare, deviceModels.toSorted(), memoryBytes]
}

/** One is there until the region's agent says otherwise, or nobody would ever hear of requests. */
export function wantedIn({ spec, wanted }: InferenceFunction, region: string): number {
  const asked = wanted[region] ?? Math.max(1, spec.instancesMin)
  return Math.min(spec.instancesMax, Math.max(spec.instancesMin, asked))
}

/** The same function with another spec; what instances still run with is remembered. */
export function redeployed(before: InferenceFunction, spec: InferenceSpec): InferenceFunction {
  if (JSON.stringify(before.spec) === JSON.stringify(spec)) return before
  if (!runsOtherwise(before.spec, spec)) return { ...before, spec, state: 'deploying', reason: 'deployed' }
  const older = [...before.older, { version: before.version, spec: before.spec }]
  const reason = 'deployed; instances are replaced one by one'
  return { ...before, spec, older, version: before.version + 1, failures: 0, retryAtMs: 0, state: 'deploying', reason }
}

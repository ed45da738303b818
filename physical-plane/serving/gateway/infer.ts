// How a function is asked by whatever has requests for it: a client's over HTTP or gRPC, or a stage of a pipeline. Bodies stay the
// bytes that they came as; whoever needs to look into them does so itself.

import type { Shape } from '#physical-plane/serving/scaling/autoscaler.ts'
import type { ProfiledLatency } from '#physical-plane/serving/scaling/predict-latency.ts'

/** The body of one inference request or answer, as its protocol writes it. */
export type InferBody = {
  /** `http`: JSON, with the tensors' bytes after it where the binary extension is used; `grpc`: a ModelInferRequest or -Response. */
  readonly protocol: 'http' | 'grpc'
  readonly bytes: Buffer
  /** How long the JSON is where tensors' bytes follow (inference-header-content-length); null: all of it, and always with gRPC. */
  readonly jsonBytes: number | null
}

export type InferOptions = {
  /** On the clock's monotonic time: answered until then or refused. */
  readonly deadlineMs: number
  /** Aborted: nobody wants the answer any more. It leaves the queue, or the instance is told. */
  readonly signal: AbortSignal
  /** Where it should go while that one has room; any instance will do otherwise. */
  readonly instanceId?: string
}

export type InferAnswer = InferBody & { readonly instanceId: string }

/** A part of one GPU of this model. */
export type InstanceShape = Shape & { readonly deviceModel: string }

/** What can be known of an instance without asking it. */
export type InstanceView = {
  readonly id: string
  readonly inFlight: number
  /** As many as it may have at once now. */
  readonly inFlightMax: number
  /** Null where nobody says. */
  readonly shape: InstanceShape | null
}

export type FunctionView = {
  readonly name: string
  /** Those that answer, in order of their ids. */
  readonly instances: readonly InstanceView[]
  readonly queued: number
  readonly batchMax: number
  /** How long batches take, as its file says; empty: nobody has measured it. */
  readonly profile: readonly ProfiledLatency[]
}

export interface Caller {
  /** Rejects with a GatewayFault (fault.ts), whose kind, status and text any protocol can say. */
  infer(functionName: string, request: InferBody, options: InferOptions): Promise<InferAnswer>
  /** Null where the gateway answers for no function of that name. */
  view(functionName: string): FunctionView | null
}

/** A pipeline as its routes say it: the fields of pipeline.proto. */
export type RoutedPipeline = {
  readonly id: string
  readonly name: string
  readonly stages: readonly {
    readonly name: string
    readonly function: string
    readonly after: readonly string[]
    readonly inputs: Readonly<Record<string, string>>
  }[]
  readonly slo: { readonly latencyMs: number; readonly percentile: number } | null
  readonly timeoutMs: number
}

/** What became of one stage of one request. */
export type StageRun = {
  readonly pipeline: string
  readonly stage: string
  readonly function: string
  /** '' where it was not answered. */
  readonly instanceId: string
  readonly tookMs: number
  /** Why it went where it went; '' where any instance would do. */
  readonly because: string
}

export type PipelineOptions = Omit<InferOptions, 'instanceId'> & {
  /** Called for each stage that ended, well or not. */
  readonly onStage: (run: StageRun) => void
  /** Keeps memory for so many bytes of tensors until the request ends or they are released; false where there is no room for them. */
  readonly hold: (bytes: number) => boolean
  readonly release: (bytes: number) => void
}

/** Runs one request through a pipeline; `options.deadlineMs` is the whole pipeline's. The answer is in the request's protocol. */
export type RunPipeline = (
  pipeline: RoutedPipeline,
  request: InferBody,
  options: PipelineOptions,
  caller: Caller,
) => Promise<InferBody>

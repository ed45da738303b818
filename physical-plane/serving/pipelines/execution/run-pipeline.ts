// A pipeline's request: each stage is asked as soon as all that it comes after have answered, those side by side at once, through the
// same door as any client's request. A stage that fails ends the others, and says which it was. What is left of the pipeline's time is
// every stage's deadline; its part of the objective only decides which of several kinds of instances it goes to.
import { GatewayFault } from '#physical-plane/serving/gateway/fault.ts'
import type {
  Caller,
  InferAnswer,
  InferBody,
  PipelineOptions,
  RoutedPipeline,
  RunPipeline,
} from '#physical-plane/serving/gateway/infer.ts'
import { chooseInstance, type StageAhead } from '#physical-plane/serving/pipelines/choose-instance.ts'
import { latencyModelOf, type ProfiledLatency } from '#physical-plane/serving/scaling/predict-latency.ts'
import type { LatencyModel } from '#physical-plane/serving/scaling/autoscaler.ts'
import type { Clock } from '#runtime/clock.ts'
import { grpcTensors } from './grpc-tensors.ts'
import { httpTensors } from './http-tensors.ts'
import { prepare, splitFor, type Prepared } from './prepare.ts'
import { bindInputs, answerOf } from './bind-tensors.ts'
import { malformed, type PipelineProtocol, type PipelineRequest, type Tensor } from './tensors.ts'

export type PipelineRunnerOptions = { readonly clock: Pick<Clock, 'monotonicMs'> }

export function pipelineRunner({ clock }: PipelineRunnerOptions): RunPipeline {
  // Gone with the route that it belongs to.
  const known = new WeakMap<RoutedPipeline, Prepared>()
  const models = new WeakMap<readonly ProfiledLatency[], LatencyModel>()
  const modelOf = (profile: readonly ProfiledLatency[]): LatencyModel => {
    const model = models.get(profile) ?? latencyModelOf(profile)
    models.set(profile, model)
    return model
  }
  return async (pipeline, body, options, caller) => {
    const prepared = known.get(pipeline) ?? prepare(pipeline)
    known.set(pipeline, prepared)
    const running = { pipeline, prepared, options, caller, clock, modelOf, beganAtMs: clock.monotonicMs() }
    return body.protocol === 'http' ? await run(httpTensors, body, running) : await run(grpcTensors, body, running)
  }
}

type Running = {
  readonly pipeline: RoutedPipeline
  readonly prepared: Prepared
  readonly options: PipelineOptions
  readonly caller: Caller
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly modelOf: (profile: readonly ProfiledLatency[]) => LatencyModel
  readonly beganAtMs: number
}

async function run<Head>(protocol: PipelineProtocol<Head>, body: InferBody, running: Running): Promise<InferBody> {
  const { pipeline, prepared, options } = running
  const { graph } = prepared
  const request = protocol.readRequest(body)
  if (request.tensors.length === 0) throw malformed('inputs: has no tensors; send at least one')
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const answers: Promise<readonly Tensor<Head>[]>[] = []
  for (const place of graph.order) {
    answers[place] = (async () => {
      const before = await Promise.all(graph.before[place]!.map(async (one) => await answers[one]!))
      if (signal.aborted) throw new GatewayFault('cancelled', `${pipeline.name} was given up`)
      // All that is before has answered, near and far.
      const far = new Map<number, readonly Tensor<Head>[]>()
      for (const one of graph.allBefore[place]!) far.set(one, await answers[one]!)
      for (const [at, one] of graph.before[place]!.entries()) far.set(one, before[at]!)
      const tensors = bindInputs(pipeline, prepared, place, request.tensors, far)
      return await askStage(protocol, request, tensors, place, signal, running)
    })()
    // The first to fail is told; the others end for its sake.
    answers[place].catch(() => failed.abort())
  }
  const all = await Promise.all(answers)
  return protocol.writeAnswer(pipeline.name, request, answerOf(prepared, request, all))
}

async function askStage<Head>(
  protocol: PipelineProtocol<Head>,
  request: PipelineRequest<Head>,
  tensors: readonly Tensor<Head>[],
  place: number,
  signal: AbortSignal,
  running: Running,
): Promise<readonly Tensor<Head>[]> {
  const { pipeline, prepared, options, caller, clock } = running
  const { name: stage, function: functionName } = pipeline.stages[place]!
  const isLast = prepared.graph.next[place]!.length === 0
  const askedAtMs = clock.monotonicMs()
  const chosen = chooseFor(place, running)
  let instanceId = ''
  try {
    const asked = protocol.writeRequest(functionName, request, tensors, isLast)
    hold(asked.bytes.length, options)
    const answer = await caller.infer(functionName, asked, {
      deadlineMs: options.deadlineMs,
      signal,
      ...(chosen === null ? {} : { instanceId: chosen.instanceId }),
    })
    instanceId = answer.instanceId
    options.release(asked.bytes.length)
    // Kept for stages that are still to come, until the last has answered.
    hold(answer.bytes.length, options)
    return readAnswer(protocol, answer)
  } catch (error) {
    throw told(error, `stage ${stage} (${functionName}): `)
  } finally {
    const tookMs = clock.monotonicMs() - askedAtMs
    const because = chosen?.because ?? ''
    options.onStage({ pipeline: pipeline.name, stage, function: functionName, instanceId, tookMs, because })
  }
}

function hold(bytes: number, options: PipelineOptions): void {
  if (options.hold(bytes)) return
  const text = `requests that wait have all the memory there is, and ${bytes} bytes more are needed`
  throw new GatewayFault('overloaded', text, { retryAfterMs: 1_000 })
}

/** What is wrong with it is not the client's doing. */
function readAnswer<Head>(protocol: PipelineProtocol<Head>, answer: InferAnswer): readonly Tensor<Head>[] {
  try {
    return protocol.readAnswer(answer)
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error
    throw new GatewayFault('instance-refused', `${answer.instanceId} answered nonsense: ${error.message}`, {
      httpStatus: 502,
    })
  }
}

function told(error: unknown, where: string): unknown {
  if (!(error instanceof GatewayFault)) return error
  const { kind, message, httpStatus, grpcStatus, retryAfterMs } = error
  return new GatewayFault(kind, where + message, { httpStatus, grpcStatus, retryAfterMs: retryAfterMs ?? undefined })
}

/** By ESG, where the function has instances of several shapes and profiles tell how they differ. */
function chooseFor(
  place: number,
  { pipeline, prepared, caller, clock, modelOf, beganAtMs }: Running,
): ReturnType<typeof chooseInstance> {
  if (pipeline.slo === null) return null
  const aheadOf = (functionName: string): StageAhead | null => {
    const view = caller.view(functionName)
    if (view === null || view.profile.length === 0) return null
    const instances = view.instances.flatMap(({ id, inFlight, inFlightMax, shape }) =>
      shape === null ? [] : [{ id, inFlight, inFlightMax, shape, deviceModel: shape.deviceModel }],
    )
    return { instances, latency: modelOf(view.profile), queued: view.queued, batchMax: view.batchMax }
  }
  const first = aheadOf(pipeline.stages[place]!.function)
  if (first === null || first.instances.length < 2) return null
  const group = splitFor(pipeline, prepared, caller).groupOf.get(pipeline.stages[place]!.name)!
  const from = group.stages.indexOf(pipeline.stages[place]!.name)
  const later = group.stages.slice(from + 1).map((name) => {
    return aheadOf(pipeline.stages.find((stage) => stage.name === name)!.function)
  })
  const unknown = later.indexOf(null)
  const known = (unknown < 0 ? later : later.slice(0, unknown)) as readonly StageAhead[]
  // What came before may have been early or late: the group's end stays where it was.
  return chooseInstance([first, ...known], group.endsAtMs - (clock.monotonicMs() - beganAtMs))
}

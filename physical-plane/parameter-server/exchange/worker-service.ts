// WorkerService: how a worker becomes a member, asks for samples, reports and leaves; and the tensor path of workers on
// other machines. It decodes what comes over the wire, keeps nothing of its own and leaves decisions to the WorkerSide.
import type { JoinRequest__Output } from '#proto/generated/cloudless/v1/JoinRequest.ts'
import type { JoinResponse } from '#proto/generated/cloudless/v1/JoinResponse.ts'
import type { LeaseSamplesResponse } from '#proto/generated/cloudless/v1/LeaseSamplesResponse.ts'
import type { PullParametersResponse } from '#proto/generated/cloudless/v1/PullParametersResponse.ts'
import type { PushGradientRequest__Output } from '#proto/generated/cloudless/v1/PushGradientRequest.ts'
import type { PushGradientResponse } from '#proto/generated/cloudless/v1/PushGradientResponse.ts'
import type { StepHeader__Output } from '#proto/generated/cloudless/v1/StepHeader.ts'
import type { WorkerServiceHandlers } from '#proto/generated/cloudless/v1/WorkerService.ts'
import { Assembler, cut } from '#proto/rpc/chunks.ts'
import type { CallContext, Implementation } from '#proto/rpc/service.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, invalid, type FieldViolation } from '#runtime/errors.ts'
import { decodeLayout } from '../replica/layout.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { LeaseAnswer, WorkerSide } from '../worker-side.ts'
import { identifierBytesMax, leaseWaitMs, metricsPerEvaluationMax, protocolVersion } from './config.ts'
import type { Session, Sessions } from './sessions.ts'
import { newestParameters, takeInitial, takeStep } from './take-step.ts'

export type Dataset = { readonly uri: string; readonly samples: number }

/** What a worker is told about its job when it joins. */
export type WorkerJob = {
  readonly jobId: string
  readonly seed: number
  readonly epochs: number
  /** Of this region. */
  readonly shards: readonly Dataset[]
  /** Set where the held-out data lies in this region. */
  readonly holdout: Dataset | null
}

export type WorkerServiceOptions = {
  readonly job: WorkerJob
  readonly side: WorkerSide
  readonly sessions: Sessions
  readonly memory: VectorMemory
  readonly bellPath: string
  readonly clock: Clock
}

export function workerService(options: WorkerServiceOptions): Implementation<WorkerServiceHandlers> {
  const { side, sessions } = options
  return {
    join: async (request) => join(options, request),

    leaseSamples: async ({ sessionId }, call) => {
      const session = sessions.get(sessionId)
      const letGo = sessions.hold(session)
      try {
        return await leaseOrWait(options, session.id, call.signal)
      } finally {
        letGo()
      }
    },

    pushGradient: (requests) => push(options, requests),

    pullParameters: ({ sessionId }, call) => pull(options, sessionId, call),

    reportEvaluation: async ({ sessionId, epoch, metrics, isFinal }) => {
      const session = sessions.get(sessionId)
      checkMetrics(epoch, metrics)
      session.lastSeenMs = options.clock.monotonicMs()
      side.evaluation(session.id, epoch, metrics, isFinal)
      return {}
    },

    leave: async ({ sessionId, reason }) => {
      const session = sessions.find(sessionId)
      if (session !== null) sessions.end(session, reason.slice(0, identifierBytesMax) || 'left')
      return {}
    },
  }
}

async function leaseOrWait(
  { side, clock }: WorkerServiceOptions,
  sessionId: string,
  signal: AbortSignal,
): Promise<LeaseSamplesResponse> {
  const patience = new AbortController()
  const timer = clock.after(leaseWaitMs, () => patience.abort())
  try {
    return wireLease(await side.lease(sessionId, AbortSignal.any([signal, patience.signal])))
  } catch (error) {
    if (patience.signal.aborted && !signal.aborted) return { outcome: 'LEASE_OUTCOME_WAIT' }
    throw error
  } finally {
    timer.cancel()
  }
}

function join({ job, sessions, bellPath }: WorkerServiceOptions, request: JoinRequest__Output): JoinResponse {
  const violations: FieldViolation[] = []
  if (request.protocolVersion !== protocolVersion) {
    const description = `the worker's SDK ${request.sdkVersion} speaks version ${request.protocolVersion}, this parameter server ${protocolVersion}; install the same release of both`
    throw invalid([{ field: 'protocolVersion', description }], 'PROTOCOL_VERSION')
  }
  if (request.jobId !== job.jobId) {
    violations.push({ field: 'jobId', description: `"${request.jobId}" is not the job here, which is ${job.jobId}` })
  }
  const { instanceId, attempt, sameMachine } = request
  if (instanceId === '' || Buffer.byteLength(instanceId) > identifierBytesMax) {
    violations.push({ field: 'instanceId', description: `must have 1 to ${identifierBytesMax} bytes` })
  }
  if (violations.length > 0) throw invalid(violations)
  const layout = decodeLayout(request.layout)
  const { session, membership } = sessions.join({ instanceId, attempt, layout, sameMachine })
  const { shared } = session
  return {
    sessionId: session.id,
    ...membership,
    ...(shared === null
      ? {}
      : { sharedPath: shared.path, sharedBytes: shared.bytes, parametersOffset: shared.parametersOffset, bellPath }),
    seed: job.seed,
    samples: job.shards.reduce((sum, { samples }) => sum + samples, 0),
    shardUris: job.shards.map(({ uri }) => uri),
    shardSamples: job.shards.map(({ samples }) => samples),
    epochs: job.epochs,
    ...(job.holdout === null ? {} : { holdoutUri: job.holdout.uri, holdoutSamples: job.holdout.samples }),
  }
}

async function push(
  options: WorkerServiceOptions,
  requests: AsyncIterable<PushGradientRequest__Output>,
): Promise<PushGradientResponse> {
  const stream = requests[Symbol.asyncIterator]()
  try {
    const first = await stream.next()
    const header = first.done === true ? null : first.value.header
    if (header === null) throw invalid([{ field: 'header', description: 'is missing; send it in the first message' }])
    return await pushInto(options, options.sessions.get(header.sessionId), header, { first, stream })
  } finally {
    await stream.return?.()
  }
}

async function pushInto(
  options: WorkerServiceOptions,
  session: Session,
  header: StepHeader__Output,
  messages: {
    readonly first: IteratorResult<PushGradientRequest__Output>
    readonly stream: AsyncIterator<PushGradientRequest__Output>
  },
): Promise<PushGradientResponse> {
  const letGo = options.sessions.holdLanding(session)
  try {
    const assembler = new Assembler(bytesOf(session.landing))
    for (let message = messages.first; message.done !== true; message = await messages.stream.next()) {
      if (message.value.chunk !== null) assembler.add(message.value.chunk)
    }
    assembler.finish()
    return await takePushed(options, session, header)
  } finally {
    letGo()
  }
}

async function takePushed(
  { side, sessions, memory }: WorkerServiceOptions,
  session: Session,
  header: StepHeader__Output,
): Promise<PushGradientResponse> {
  const isFinite = await memory.kernels.allFinite(session.landing)
  // It may have ended meanwhile.
  sessions.get(session.id)
  if (header.isInitial) {
    const fault = takeInitial(side, session, isFinite)
    await memory.settled()
    if (fault !== null) throw new CloudlessError('invalid', 'INITIAL_REFUSED', fault)
    return { version: side.version }
  }
  const outcome = await takeStep(side, session, header, isFinite)
  await memory.settled()
  if (outcome.status === 'refused') throw new CloudlessError('invalid', 'STEP_REFUSED', outcome.text)
  return { version: outcome.version, leaseLost: outcome.status === 'lease-lost' }
}

async function* pull(
  { side, sessions, memory }: WorkerServiceOptions,
  sessionId: string,
  call: CallContext,
): AsyncGenerator<PullParametersResponse, undefined> {
  const session = sessions.get(sessionId)
  const letGo = sessions.holdLanding(session)
  try {
    const readiness = await side.whenReady(call.signal)
    if (readiness === 'join-again') sessions.end(session, 'the first parameters are wanted')
    sessions.get(sessionId)
    // A copy, since the steps of other workers go on while it is being sent.
    const version = await newestParameters(side, session, memory)
    for await (const { offset, data, crc32 } of cut(bytesOf(session.landing))) {
      yield { version, chunk: { offset, data, crc32 } }
    }
  } finally {
    letGo()
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

// oxlint-disable-next-line consistent-return -- the switch is exhaustive
function wireLease(answer: LeaseAnswer): LeaseSamplesResponse {
  switch (answer.outcome) {
    case 'granted': {
      const { leaseId, epoch, start, end } = answer
      return { outcome: 'LEASE_OUTCOME_GRANTED', leaseId, epoch, start, end }
    }
    case 'evaluate':
      return { outcome: 'LEASE_OUTCOME_EVALUATE', isFinal: answer.isFinal }
    case 'finished':
      return { outcome: 'LEASE_OUTCOME_FINISHED' }
  }
}

function checkMetrics(epoch: number, metrics: Readonly<Record<string, number>>): void {
  const violations: FieldViolation[] = []
  if (!Number.isFinite(epoch)) violations.push({ field: 'epoch', description: `${epoch} must be finite` })
  const count = Object.keys(metrics).length
  if (count > metricsPerEvaluationMax) {
    violations.push({
      field: 'metrics',
      description: `has ${count} entries; at most ${metricsPerEvaluationMax} are kept`,
    })
  }
  if (violations.length > 0) throw invalid(violations)
}

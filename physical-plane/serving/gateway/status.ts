// What a gateway tells its agent: a small file that it replaces twice a second, so that it outlives agents and the next one reads it all
// the same. Seconds go as columns, which are quick to write, to read and to check.
import { z } from 'zod'
import type { Second } from '#physical-plane/serving/scaling/autoscaler.ts'
import type { Gateway } from './gateway.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { LatencyHistogram } from './latency-histogram.ts'
import type { Measured } from './measured.ts'
import type { ServedPipeline } from './served-pipeline.ts'

const count = z.int().min(0)
const amount = z.number().min(0).max(1e12)
const time = z.number().min(0).max(1e15)
const counts = z.array(count).max(3_600)

const columns = z.object({
  atMs: z.array(time).max(3_600),
  arrived: counts,
  answered: counts,
  refused: counts,
  overSlo: counts,
  queued: counts,
  inFlight: counts,
  latencyMs: z.array(amount).max(3_600),
})

const latency = z.object({ count, p50Ms: amount, p90Ms: amount, p99Ms: amount, p999Ms: amount, maxMs: amount })

const measured = z.object({
  id: z.string().max(200),
  name: z.string().max(200),
  queued: count,
  inFlight: count,
  totals: z.object({
    arrived: count,
    answered: count,
    refused: count,
    overSlo: count,
    failed: count,
    retried: count,
    cancelled: count,
  }),
  /** Of the last one to two minutes. */
  latency,
  /** 1: the budget of errors is used exactly as fast as it may be. */
  burn: z.object({ fiveMinutes: amount, oneHour: amount }),
  seconds: columns,
  instances: z
    .array(z.object({ id: z.string().max(200), attempt: count, inFlight: count, isLetGo: z.boolean() }))
    .max(20_000),
})

const stage = z.object({
  stage: z.string().max(200),
  function: z.string().max(200),
  answered: count,
  failed: count,
  latency,
})

/** An older gateway told nothing of stages. */
const pipeline = measured.extend({ stages: z.array(stage).max(64).default([]) })

const status = z.object({
  pid: count,
  /** Grows with every writing while the gateway lives. */
  beat: count,
  atMs: time,
  /** Of the routes that it goes by. */
  revision: count,
  http: z.string().max(300),
  grpc: z.string().max(300),
  heldBytes: count,
  functions: z.array(measured).max(10_000),
  pipelines: z.array(pipeline).max(10_000),
})

export type GatewayStatus = z.infer<typeof status>
export type MeasuredStatus = z.infer<typeof measured>
export type PipelineStatus = z.infer<typeof pipeline>

/** Null where there is none, or none that can be read. */
export function parseStatus(text: string): GatewayStatus | null {
  try {
    const parsed = status.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

/** Oldest first. */
export function secondsOf({ seconds }: MeasuredStatus): readonly Second[] {
  return seconds.atMs.map((atMs, at) => ({
    atMs,
    arrived: seconds.arrived[at] ?? 0,
    answered: seconds.answered[at] ?? 0,
    refused: seconds.refused[at] ?? 0,
    overSlo: seconds.overSlo[at] ?? 0,
    queued: seconds.queued[at] ?? 0,
    inFlight: seconds.inFlight[at] ?? 0,
    latencyMs: seconds.latencyMs[at] ?? 0,
  }))
}

export type StatusOfProcess = Pick<GatewayStatus, 'pid' | 'beat' | 'atMs' | 'http' | 'grpc'>

export function statusOf(gateway: Gateway, own: StatusOfProcess): GatewayStatus {
  return {
    ...own,
    revision: gateway.revision,
    heldBytes: gateway.held.total,
    functions: gateway.functions.map(functionStatus),
    pipelines: gateway.pipelines.map(pipelineStatus),
  }
}

function functionStatus(dispatcher: Dispatcher): MeasuredStatus {
  const { id, name } = dispatcher.route
  const instances = [...dispatcher.slots, ...dispatcher.leaving].map(({ instance, inFlight, isLetGo }) => {
    return { id: instance.id, attempt: instance.attempt, inFlight, isLetGo }
  })
  const { queued, inFlight } = dispatcher
  return { id, name, queued, inFlight, ...toldOf(dispatcher.measured), instances }
}

function pipelineStatus({ route, measured: seen, running, stages }: ServedPipeline): PipelineStatus {
  const told = stages.of(route.stages).map(({ latency: took, ...rest }) => ({ ...rest, latency: latencyOf(took) }))
  return { id: route.id, name: route.name, queued: 0, inFlight: running, ...toldOf(seen), instances: [], stages: told }
}

function toldOf(seen: Measured): Pick<MeasuredStatus, 'totals' | 'latency' | 'burn' | 'seconds'> {
  const { short, long } = seen.burn()
  return {
    totals: { ...seen.totals },
    latency: latencyOf(seen.recent()),
    burn: { fiveMinutes: rounded(short), oneHour: rounded(long) },
    seconds: columnsOf(seen.seconds),
  }
}

function latencyOf(recent: LatencyHistogram): MeasuredStatus['latency'] {
  const at = (percentile: number): number => rounded(recent.percentileMs(percentile))
  return {
    count: recent.total,
    p50Ms: at(50),
    p90Ms: at(90),
    p99Ms: at(99),
    p999Ms: at(99.9),
    maxMs: rounded(recent.maxMs),
  }
}

function columnsOf(seconds: readonly Second[]): MeasuredStatus['seconds'] {
  return {
    atMs: seconds.map(({ atMs }) => atMs),
    arrived: seconds.map(({ arrived }) => arrived),
    answered: seconds.map(({ answered }) => answered),
    refused: seconds.map(({ refused }) => refused),
    overSlo: seconds.map(({ overSlo }) => overSlo),
    queued: seconds.map(({ queued }) => queued),
    inFlight: seconds.map(({ inFlight }) => inFlight),
    latencyMs: seconds.map(({ latencyMs }) => rounded(latencyMs)),
  }
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

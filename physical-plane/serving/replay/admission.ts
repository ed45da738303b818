// Which requests wait and which instance takes how many of them, as gateway and instance do it: whoever could not be answered in
// time anyway is refused at once, and an idle instance takes what waits, as many as still keep the objective.
import { assert } from '#runtime/assert.ts'
import type { LatencyModel } from '../scaling/autoscaler.ts'
import { replayConfig as config } from './config.ts'
import type { FunctionState } from './function-state.ts'
import type { ReplayInstance } from './instance.ts'

/** Whether one more may wait: while those that are ready answer what waits within the objective. */
export function mayWait(state: FunctionState): boolean {
  const { queueMax, slo, timeoutMs, batchMax } = state.spec
  if (queueMax > 0) return state.queued < queueMax
  if (state.isQueueing) return state.queued < config.activatorQueueMax
  if (state.capacityPerMs === 0) return state.queued < config.coldQueueMax
  const withinMs = Math.min(slo?.latencyMs ?? Infinity, timeoutMs > 0 ? timeoutMs : config.timeoutMsDefault)
  // Never fewer than a batch of each: with short objectives the next batch is all that can be promised.
  return state.queued < Math.max(state.capacityPerMs * withinMs, batchMax * state.instances.length)
}

/** Requests that the ready instances answer in a millisecond, in full batches of those that keep the objective. */
export function capacityPerMs(state: FunctionState, nowMs: number): number {
  let sum = 0
  for (const instance of state.instances) if (instance.isReady(nowMs)) sum += ratePerMs(state, instance)
  return sum
}

export function ratePerMs({ spec }: FunctionState, instance: ReplayInstance): number {
  const quotaMilli = allowedMilli(instance)
  for (let size = spec.batchMax; size > 1; size--) {
    const ms = timeOf(spec.truth, instance, size, quotaMilli)
    if (spec.slo === null || ms <= spec.slo.latencyMs) return size / ms
  }
  return 1 / timeOf(spec.truth, instance, 1, quotaMilli)
}

/** Whether the oldest one would miss its objective and make others miss theirs. Who came while nobody answered is answered late. */
export function isTooLate(state: FunctionState, instance: ReplayInstance, nowMs: number): boolean {
  const { slo, truth, generation } = state.spec
  const waitedMs = state.waitedMs(nowMs)
  // How many tokens it will take nobody knows before.
  if (
    slo === null ||
    generation !== undefined ||
    state.isQueueing ||
    state.queued <= 1 ||
    nowMs - waitedMs <= state.coldAtMs
  )
    return false
  return waitedMs + timeOf(truth, instance, 1, allowedMilli(instance)) > slo.latencyMs
}

/** The largest batch of what waits that is done before the objective of its oldest request; the largest of all when that is lost. */
export function batchSize(state: FunctionState, instance: ReplayInstance, nowMs: number): number {
  const { slo, batchMax, truth } = state.spec
  const most = Math.min(batchMax - instance.held.length, state.queued)
  if (slo === null || most <= 1 || state.spec.generation !== undefined) return most
  const leftMs = slo.latencyMs - state.waitedMs(nowMs)
  const quotaMilli = allowedMilli(instance)
  for (let size = most; size > 0; size--) if (timeOf(truth, instance, size, quotaMilli) <= leftMs) return size
  return most
}

/** What the GPU's manager allows it while it works and whoever else works there now goes on. */
export function allowedMilli(instance: ReplayInstance): number {
  const { seat, shape } = instance
  let left = 1_000
  for (const [tenant, { requestMilli }] of seat.row.tenants)
    if (tenant !== instance && tenant.isBusy) left -= requestMilli
  return Math.max(shape.requestMilli, Math.min(shape.limitMilli, left))
}

/** Milliseconds; nothing that was not measured runs. */
export function timeOf(
  truth: LatencyModel,
  { seat, shape }: ReplayInstance,
  batch: number,
  quotaMilli: number,
): number {
  const { smMilli } = shape
  const ms = truth(seat.gpu.kind.model, batch, { smMilli, requestMilli: quotaMilli, limitMilli: quotaMilli })
  assert(ms !== null && ms > 0, `no latency is known of a batch of ${batch} at ${smMilli}/${quotaMilli}`)
  return ms
}

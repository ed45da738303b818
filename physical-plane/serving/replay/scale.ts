// What a policy sees of a function in a replay, and what becomes of what it wants: each action is done if the function's bounds
// and the GPUs allow it, and counted as unplaced otherwise.
import { assert } from '#runtime/assert.ts'
import type { ScaledDevice, ScaledInstance, ScalingView, Shape } from '../scaling/autoscaler.ts'
import { allowedMilli, ratePerMs } from './admission.ts'
import { replayConfig as config } from './config.ts'
import type { FunctionState } from './function-state.ts'
import type { Gpu } from './gpu-rows.ts'
import type { ReplayInstance } from './instance.ts'

export function viewOf(state: FunctionState, gpus: readonly Gpu<ReplayInstance>[], nowMs: number): ScalingView {
  const { spec, history } = state
  return {
    nowMs,
    history,
    instances: state.instances.filter(({ isLeaving }) => !isLeaving).map((instance) => toldOf(state, instance, nowMs)),
    devices: devicesOf(gpus),
    latency: spec.known,
    slo: spec.slo,
    instancesMin: spec.instancesMin,
    instancesMax: spec.instancesMax,
    batchMax: spec.batchMax,
    shape: spec.shape,
    memoryBytes: spec.memoryBytes,
    canReshape: true,
    coldStartMs: spec.coldStartMs,
  }
}

function toldOf(state: FunctionState, instance: ReplayInstance, nowMs: number): ScaledInstance {
  const { id, seat, shape, bornAtMs } = instance
  return {
    id,
    deviceId: seat.gpu.id,
    shape,
    isReady: instance.isReady(nowMs),
    bornAtMs,
    quotaMilli: allowedMilli(instance),
    measuredPerSecond: instance.batchesEnded === 0 ? 0 : 1_000 * ratePerMs(state, instance),
  }
}

/** Those with instances first; of the others one of each kind and its neighbours stand for all, as a fresh one is like the next. */
function devicesOf(gpus: readonly Gpu<ReplayInstance>[]): readonly ScaledDevice[] {
  const used = gpus.filter(({ rows }) => rows.length > 0)
  const fresh = gpus.filter(({ rows }) => rows.length === 0).slice(0, config.freshDevicesSeen)
  return [...used, ...fresh].map(({ id, kind, rows, memoryFreeBytes }) => ({
    id,
    model: kind.model,
    shapes: rows.flatMap(({ tenants }) => [...tenants.values()]),
    memoryFreeBytes,
    usdPerHour: kind.usdPerHour,
  }))
}

/** A limit below what is guaranteed, or more than there is of a GPU, is nothing that one could have. */
export function checkShape({ smMilli, requestMilli, limitMilli }: Shape, policy: string): void {
  assert(smMilli >= 0 && smMilli <= 1_000, `${policy} wants ${smMilli} thousandths of the multiprocessors`)
  assert(requestMilli > 0 && requestMilli <= limitMilli, `${policy} wants ${requestMilli} of ${limitMilli}`)
  assert(limitMilli <= 1_000, `${policy} wants a limit of ${limitMilli}`)
}

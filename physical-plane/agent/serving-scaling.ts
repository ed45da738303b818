// A function between the agent and its scaler: what its file says of scaling, what its instances have of their GPUs and tell, and back
// from what the scaler wishes to what the control plane is told. Pure.
import type { InstanceShape } from '#physical-plane/serving/gateway/infer.ts'
import type { ScaledDevice, Shape } from '#physical-plane/serving/scaling/autoscaler.ts'
import type { ServingFunction, ServingInstance, Wish } from '#physical-plane/serving/scaling/function-scaler.ts'
import type { DeviceUse } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import type { FunctionWish } from '#proto/generated/cloudless/v1/FunctionWish.ts'
import type { GpuShare } from '#proto/generated/cloudless/v1/GpuShare.ts'
import type { InferenceSpec__Output } from '#proto/generated/cloudless/v1/InferenceSpec.ts'
import type { DesiredInstance } from './desired.ts'
import type { InstanceLife } from './instance-life.ts'
import type { ServingReport } from './serving-status.ts'

/** What the function's file says of how it is to be scaled. */
export function scalingOf(spec: InferenceSpec__Output | null): Omit<ServingFunction, 'functionId' | 'instances'> {
  const share = spec?.gpuShare ?? null
  const profile = spec?.profile ?? []
  return {
    bounds: { min: spec?.instancesMin ?? 0, max: spec?.instancesMax ?? 1 },
    sloMs: spec?.slo?.latencyMs ?? null,
    sloPercentile: spec?.slo?.percentile ?? 99,
    autoscaler: spec?.autoscaler ?? '',
    batchMax: Math.max(1, spec?.batchMax ?? 1),
    profile,
    ...(share === null ? {} : { shape: shapeOf(share), memoryBytes: share.memoryBytes }),
    // How much a part of a GPU would answer is known by profiles alone.
    canReshape: share !== null && profile.length > 0,
    // Whoever shares a device here has its manager. It keeps multiprocessors apart where a file asks for a part of them; a policy
    // does not turn a device that is shared by time alone into one that is held in parts.
    canPartition: share !== null && profile.length > 0 && share.smMilli > 0 && share.smMilli < 1_000,
  }
}

/** `uses`: of all instances here that share a GPU. */
export function scaledInstance(
  { id, attempt, run, instance }: Pick<InstanceLife, 'id' | 'attempt' | 'run' | 'instance'>,
  report: ServingReport | null,
  uses: readonly DeviceUse[],
  newest: InferenceSpec__Output | null,
): ServingInstance {
  const status = report?.status
  const share = instance.gpuShare
  const use = uses.find(({ instanceId }) => instanceId === id)
  return {
    instanceId: id,
    attempt,
    isReady: status?.isReady ?? false,
    requests: status?.requests ?? 0,
    overSlo: status?.overSlo ?? 0,
    latencyMs: status?.latencyMs ?? 0,
    requestsPerSecond: status?.requestsPerSecond ?? 0,
    capacityPerSecond: status?.capacityPerSecond ?? 0,
    // Whoever has its device alone has nothing more to get from it.
    isVerticalExhausted: share === null || (use?.quotaMilli ?? 0) >= share.limitMilli,
    isOutdated: JSON.stringify(instance.inference) !== JSON.stringify(newest),
    deviceId: run?.slices[0]?.deviceId ?? '',
    deviceModel: instance.deviceModel,
    ...(share === null ? {} : { shape: shapeOf(share) }),
  }
}

/** GPUs that these instances are on, with what all functions and trainings have of them. */
export function scaledDevices(
  instances: readonly ServingInstance[],
  uses: readonly DeviceUse[],
): readonly ScaledDevice[] {
  const models = new Map(instances.map(({ deviceId = '', deviceModel = '' }) => [deviceId, deviceModel]))
  models.delete('')
  return [...models].map(([id, model]) => {
    const shapes = uses.flatMap(({ deviceId, share }) => (deviceId === id && share != null ? [shapeOf(share)] : []))
    // Where others go is for the control plane to say: it knows what is free, and at which price.
    return { id, model, shapes, memoryFreeBytes: 0, usdPerHour: 0 }
  })
}

/** `asked`: what the function's file asks for of a GPU; null: whole devices, of which there is nothing to choose. */
export function wireWish({ instances, because }: Wish, asked: Pick<GpuShare, 'memoryBytes'> | null): FunctionWish {
  const share = (shape: Shape): { share?: GpuShare } => {
    return asked === null ? {} : { share: { ...shape, memoryBytes: asked.memoryBytes ?? 0 } }
  }
  return { instances: instances.map(({ id, shape }) => ({ id, ...share(shape) })), because }
}

/** Of its device; whole where it shares it with nobody. */
export function instanceShape({ deviceModel, gpuShare }: DesiredInstance): InstanceShape {
  const whole = { smMilli: 0, requestMilli: 1_000, limitMilli: 1_000 }
  return { deviceModel, ...(gpuShare === null ? whole : shapeOf(gpuShare)) }
}

function shapeOf({ smMilli = 0, requestMilli = 0, limitMilli = 0 }: GpuShare): Shape {
  return { smMilli, requestMilli, limitMilli: limitMilli === 0 ? requestMilli : limitMilli }
}

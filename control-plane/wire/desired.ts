// What one agent should run, as it is told.
import type { DesiredInstance as WireDesiredInstance } from '#proto/generated/cloudless/v1/DesiredInstance.ts'
import type { DesiredState } from '#proto/generated/cloudless/v1/DesiredState.ts'
import type { JobSpec as WireJobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { Desired, DesiredInstance } from '#control-plane/model/desired.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import { resumptionOf } from '#control-plane/model/resumption.ts'
import { encodeInferenceSpec } from './inference.ts'
import { encodePipelineSpec } from './pipeline.ts'
import { wireRole } from './enums.ts'
import { encodeGpuShare } from './gpu-share.ts'
import { encodeJobSpec } from './job-spec.ts'

export function encodeDesired(desired: Desired, revision: number): DesiredState {
  // A job's instances share its specification.
  const specs = new Map<JobSpec, WireJobSpec>()
  const encodeOnce = (spec: JobSpec): WireJobSpec => {
    const known = specs.get(spec) ?? encodeJobSpec(spec)
    specs.set(spec, known)
    return known
  }
  const encodeInstance = ({ instance, spec, partitions, ...rest }: DesiredInstance): WireDesiredInstance => ({
    ...rest,
    id: instance.id,
    jobId: instance.jobId,
    role: wireRole[instance.role],
    spec: encodeOnce(spec),
    region: instance.region,
    partition: instance.partition,
    moves: instance.moves ?? 0,
    partitions: partitions.map(({ region, place, dataRegions, samples }) => {
      return { partition: region, place, dataRegions: [...dataRegions], samples }
    }),
    deviceModel: instance.deviceModel,
    market: instance.market,
    zone: instance.zone,
    instanceType: instance.instanceType,
    units: instance.units,
    gpuShare: instance.gpuShare === undefined ? null : encodeGpuShare(instance.gpuShare),
    usdPerUnitHour: instance.usdPerUnitHour,
    resumption: resumptionOf(instance),
  })
  return {
    revision,
    instances: [...desired.instances.map(encodeInstance), ...(desired.inference ?? []).map(encodeInference)],
    functions: (desired.functions ?? []).map(({ id, spec }) => ({ id, spec: encodeInferenceSpec(spec) })),
    pipelines: (desired.pipelines ?? []).map(({ id, spec }) => ({ id, spec: encodePipelineSpec(spec) })),
    keptJobIds: [...desired.keptJobIds],
    addressBooks: desired.addressBooks.map(({ jobId, book }) => ({
      jobId,
      epoch: book.epoch,
      hub: book.hub ?? '',
      data: (book.data ?? []).map((each) => ({ ...each })),
      peers: book.peers.map(({ region, endpoint, dataShare, isPruned, place }) => ({
        region,
        endpoint,
        dataShare,
        pruned: isPruned,
        place: place ?? '',
      })),
    })),
  }
}

function encodeInference({ instance, spec }: NonNullable<Desired['inference']>[number]): WireDesiredInstance {
  const { id, jobId, region, partition, deviceModel, market, zone, instanceType, units, gpuShare } = instance
  return {
    id,
    jobId,
    region,
    partition,
    deviceModel,
    market,
    zone,
    instanceType,
    units,
    role: wireRole[instance.role],
    gpuShare: gpuShare === undefined ? null : encodeGpuShare(gpuShare),
    usdPerUnitHour: instance.usdPerUnitHour,
    inference: encodeInferenceSpec(spec),
  }
}

// What one agent should run, as it is told.
import type { DesiredState } from '#proto/generated/cloudless/v1/DesiredState.ts'
import type { JobSpec as WireJobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { Desired } from '#control-plane/model/desired.ts'
import type { JobSpec } from '#control-plane/model/job.ts'
import { resumptionOf } from '#control-plane/model/resumption.ts'
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
  return {
    revision,
    instances: desired.instances.map(({ instance, spec, partitions, ...rest }) => ({
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
    })),
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

// A share of a GPU between wire and model.
import type { GpuShare as WireGpuShare, GpuShare__Output } from '#proto/generated/cloudless/v1/GpuShare.ts'
import { defaultLimitMilli, type GpuShare } from '#control-plane/model/gpu-share.ts'
import type { Checks } from './checks.ts'

/** A limit of 0 is one that nobody gave. Bounds are for whoever knows what the share is for. */
export function decodeGpuShare(checks: Checks, field: string, wire: GpuShare__Output): GpuShare {
  const { requestMilli, limitMilli, memoryBytes, smMilli } = wire
  return {
    requestMilli,
    limitMilli: limitMilli === 0 ? defaultLimitMilli(requestMilli) : limitMilli,
    memoryBytes: checks.integer(`${field}.memory_bytes`, memoryBytes, { min: 0 }),
    // All of them is what nobody has said.
    ...(smMilli === 0 || smMilli === 1000 ? {} : { smMilli }),
  }
}

export function encodeGpuShare({ requestMilli, limitMilli, memoryBytes, smMilli }: GpuShare): WireGpuShare {
  return { requestMilli, limitMilli, memoryBytes, ...(smMilli === undefined ? {} : { smMilli }) }
}

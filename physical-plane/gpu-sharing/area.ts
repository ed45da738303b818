// What a share takes of a device: time, times the part of the multiprocessors that it runs on. That is what adds up to a device and
// what is paid for. Rounded up, so that no device is sold beyond its whole. Pure.

const wholeMilli = 1000

export type SpatialShare = {
  readonly requestMilli: number
  readonly limitMilli: number
  readonly smMilli?: number | undefined
}

export function requestArea({ requestMilli, smMilli }: Pick<SpatialShare, 'requestMilli' | 'smMilli'>): number {
  return Math.ceil((requestMilli * smMilliOf({ smMilli })) / wholeMilli)
}

export function limitArea({ limitMilli, smMilli }: Pick<SpatialShare, 'limitMilli' | 'smMilli'>): number {
  return Math.ceil((limitMilli * smMilliOf({ smMilli })) / wholeMilli)
}

/** All of them where nobody has said. */
export function smMilliOf({ smMilli }: { readonly smMilli?: number | undefined }): number {
  return smMilli === undefined || smMilli === 0 ? wholeMilli : smMilli
}

/** It is confined to a part of the multiprocessors. */
export function isSpatial(share: { readonly smMilli?: number | undefined }): boolean {
  return smMilliOf(share) < wholeMilli
}

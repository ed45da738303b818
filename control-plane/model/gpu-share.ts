// A part of one GPU. What a job asks for in thousandths of its multiprocessors: `requestMilli` is guaranteed, up to `limitMilli`
// may be used while others leave it. With `smMilli` only so many of the multiprocessors are ever used, and request and limit are
// of time on those: what it takes of the GPU, and pays for, is the product. A unit of a job with a share is one slice of that size; the threads of a CPU are not
// shared, so there a unit is a unit.

export type GpuShare = {
  /** From 1 to 1000. */
  readonly requestMilli: number
  /** From requestMilli to 1000. */
  readonly limitMilli: number
  /** Of the GPU's memory; 0 where nobody has said. */
  readonly memoryBytes: number
  /** From 1 to 999 thousandths of the multiprocessors; absent: all of them. */
  readonly smMilli?: number
}

/** What it takes of a GPU in thousandths; rounded up, so that none is oversold. */
export function requestArea({ requestMilli, smMilli }: Pick<GpuShare, 'requestMilli' | 'smMilli'>): number {
  return Math.ceil((requestMilli * (smMilli ?? 1000)) / 1000)
}

/** The same of what it may use. */
export function limitArea({ limitMilli, smMilli }: Pick<GpuShare, 'limitMilli' | 'smMilli'>): number {
  return Math.ceil((limitMilli * (smMilli ?? 1000)) / 1000)
}

/** What a limit is where nobody has said: as much more as fits beside another share that does the same. */
export function defaultLimitMilli(requestMilli: number): number {
  return Math.min(1000, Math.round(requestMilli * 1.5))
}

/** What a unit of this model is for a job that asks for `share`: null for a whole one. */
export function shareOn(deviceModel: string, share: GpuShare | undefined): GpuShare | null {
  return share === undefined || deviceModel === 'cpu' ? null : share
}

/**
 * A unit's name where speeds are kept: what a slice is worth says little of a whole GPU. For example "nvidia-t4~500-750", on a quarter
 * of the multiprocessors "nvidia-t4~500-750@250".
 */
export function unitName(deviceModel: string, share: GpuShare | null | undefined): string {
  if (share === null || share === undefined) return deviceModel
  const part = share.smMilli === undefined ? '' : `@${share.smMilli}`
  return `${deviceModel}~${share.requestMilli}-${share.limitMilli}${part}`
}

/** What is guaranteed of a GPU, 0 to 1: what plans pay for it. */
export function partOfWhole(share: GpuShare | null | undefined): number {
  return share === null || share === undefined ? 1 : requestArea(share) / 1000
}

/** For people: "0.5", or "0.4 on 24 %" of the multiprocessors. */
export function shareText({ requestMilli, smMilli }: Pick<GpuShare, 'requestMilli' | 'smMilli'>): string {
  return `${requestMilli / 1000}${smMilli === undefined ? '' : ` on ${smMilli / 10} %`}`
}

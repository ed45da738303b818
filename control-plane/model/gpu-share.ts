// A part of one GPU. What a job asks for in thousandths of its multiprocessors: `requestMilli` is guaranteed, up to `limitMilli`
// may be used while others leave it. A unit of a job with a share is one slice of that size; the threads of a CPU are not
// shared, so there a unit is a unit.

export type GpuShare = {
  /** From 1 to 1000. */
  readonly requestMilli: number
  /** From requestMilli to 1000. */
  readonly limitMilli: number
  /** Of the GPU's memory; 0 where nobody has said. */
  readonly memoryBytes: number
}

/** What a limit is where nobody has said: as much more as fits beside another share that does the same. */
export function defaultLimitMilli(requestMilli: number): number {
  return Math.min(1000, Math.round(requestMilli * 1.5))
}

/** What a unit of this model is for a job that asks for `share`: null for a whole one. */
export function shareOn(deviceModel: string, share: GpuShare | undefined): GpuShare | null {
  return share === undefined || deviceModel === 'cpu' ? null : share
}

/** A unit's name where speeds are kept: what a slice is worth says little of a whole GPU. For example "nvidia-t4~500-750". */
export function unitName(deviceModel: string, share: GpuShare | null | undefined): string {
  if (share === null || share === undefined) return deviceModel
  return `${deviceModel}~${share.requestMilli}-${share.limitMilli}`
}

/** What is guaranteed of a GPU, 0 to 1: what plans pay for it. */
export function partOfWhole(share: GpuShare | null | undefined): number {
  return share === null || share === undefined ? 1 : share.requestMilli / 1000
}

/** For people: "0.5". */
export function shareText({ requestMilli }: Pick<GpuShare, 'requestMilli'>): string {
  return String(requestMilli / 1000)
}

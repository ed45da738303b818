// A part of one GPU: what is guaranteed, and what may be used while others leave it, in thousandths of its multiprocessors.

export type GpuShare = {
  readonly requestMilli: number
  readonly limitMilli: number
  /** 0 where nobody has said. */
  readonly memoryBytes: number
}

// A GPU has less memory than its maker names: error correction and the driver keep some. Drivers tell 15,360 MiB of a T4's 16 GiB (older ones
// 15,109), 22,919 of a P40's 24, 11,441 of a K80's 12, and nearly all of an A100's. Until an agent has told what one really has, a part
// that all of these have is counted on: what is promised on the name alone might wait for ever.

/** In bytes, of what the catalogue names in GiB. */
export function countedOnBytes(memoryGib: number): number {
  return Math.floor((memoryGib * 2 ** 30 * 11) / 12)
}

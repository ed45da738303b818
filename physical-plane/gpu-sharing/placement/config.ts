// What may be sold of one device, in thousandths of its multiprocessors, and how much multiprocessors and memory weigh
// where the tightest device is looked for. The figures are Dilu's (arXiv 2503.05130): omega 1, gamma 1.5, alpha 0.6, beta 0.4.
// gamma is what makes scaling at run time possible: more may be used by one while others leave it, yet not without end.

export const placementConfig = {
  wholeMilli: 1_000,
  requestMilliMax: 1_000,
  limitMilliMax: 1_500,
  multiprocessorWeight: 0.6,
  memoryWeight: 0.4,
  /** Devices that one instance may ask for. */
  devicesPerInstanceMax: 64,
  /** GPUs in use, the fullest first, on which moving others is tried before a fresh one is taken. */
  repackDevicesMax: 8,
  /** Rows of one size of multiprocessors that a GPU is cut into: HAS-GPU's artefact has two. */
  rowsMax: 4,
} as const

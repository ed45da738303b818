// What the benchmark holds fixed. Two things are scaled, because a computer with a few cores stands for several regions
// with GPUs; both are in the result:
// - Computation: a training step lasts at least `paceMs` of its region, whatever the real computation takes (about a
//   fifth of that). The ratio of the regions' speeds, 3 : 4 in two regions, is that of the reference's simulation.
// - The link: ResNet-18 (44.7 MB in fp32) at 100 Mbit/s and 150 ms a step needs 23.8 steps for one exchange. The model here
//   has 4.1 MB, so the rate of every link is chosen that one exchange in fp32 takes 23.8 steps of the fastest region too.
//   Round trips stay as they are, 30 ms, which is harder than scaling them with the steps.
export type World = {
  readonly name: 'two' | 'three'
  /** In each: its share of the data, and how long a step takes at least. The first one evaluates. */
  readonly regions: readonly { readonly name: string; readonly share: number; readonly paceMs: number }[]
}

export const worlds: readonly World[] = [
  {
    name: 'two',
    regions: [
      { name: 'onprem/lab', share: 2, paceMs: 60 },
      { name: 'tencent/ap-shanghai', share: 1, paceMs: 80 },
    ],
  },
  {
    name: 'three',
    regions: [
      { name: 'onprem/lab', share: 3, paceMs: 60 },
      { name: 'aws/us-east-1', share: 2, paceMs: 80 },
      { name: 'tencent/ap-shanghai', share: 1, paceMs: 100 },
    ],
  },
]

/** As the function counts them, and refuses to train with another count. */
export const parameters = 1_018_858
export const exchangeSteps = 23.8
export const roundTripMs = 30
export const batch = 64
export const epochs = 2
/** Twenty batches at a time. */
export const leaseSamples = 20 * batch
export const evaluateSeconds = 1
/** Held-out accuracy that a row's seconds are counted to. */
export const targetAccuracy = 0.86
/** A single evaluation is noisy: the mean of this many neighbours must reach the target. */
export const neighbours = 3
/** A row that has not used all its data by then is cut; what it did not reach by then took at least so long. */
export const limitSeconds = 180
export const seeds: readonly number[] = [1, 2, 3]

/** Of every link, in each direction. */
export function mbitPerSecond(world: World): number {
  const stepSeconds = Math.min(...world.regions.map(({ paceMs }) => paceMs)) / 1000
  return (4 * parameters * 8) / (exchangeSteps * stepSeconds) / 1e6
}

/** Everything that makes results comparable. */
export function fixedSettings() {
  return {
    worlds,
    parameters,
    exchangeSteps,
    roundTripMs,
    batch,
    epochs,
    leaseSamples,
    evaluateSeconds,
    targetAccuracy,
    neighbours,
    limitSeconds,
  }
}

// How much of a GPU a training function needs: the least share that keeps 80 % of its full throughput is its request, the least
// that keeps 98 % its limit, in steps of 5 %. Binary search as Dilu's (arXiv 2503.05130), which stops at the first share that
// is enough; this one goes on below it. A throughput near to what it is compared with is measured again, and its median counts;
// after one that is little too low the next share below is looked at too, since real curves have dents.
import { invalid } from '#runtime/errors.ts'
import { limitKeeps, missShare, nearSamples, nearShare, requestKeeps } from './config.ts'
import { plainGrid } from './grid.ts'
import type { Configuration } from './measure.ts'
import type { Probes } from './probes.ts'

export type TrainingShare = {
  readonly requestMilli: number
  readonly limitMilli: number
  readonly fullPerSecond: number
  readonly requestPerSecond: number
  readonly limitPerSecond: number
}

export type TrainingOptions = {
  readonly probes: Probes
  /** Shares to choose from, growing, the whole GPU last. */
  readonly smMilli?: readonly number[]
  /** Samples of one step. */
  readonly batch?: number
}

/** `null`: it does not run on a whole GPU of this model. */
export async function searchTraining(options: TrainingOptions): Promise<TrainingShare | null> {
  const { probes, smMilli = plainGrid.smMilli, batch = 1 } = options
  if (smMilli.at(-1) !== 1000)
    throw invalid([{ field: 'sm_milli', description: `ends at ${smMilli.at(-1)}; the last must be 1000, a whole GPU` }])
  const at = async (share: number, samples = 1): Promise<number> => {
    const configuration: Configuration = { smMilli: share, quotaMilli: 1000, batch, processes: 1 }
    return (await probes.at(configuration, samples))?.throughputPerSecond ?? 0
  }
  // All else is compared with it.
  const full = await at(1000, nearSamples)
  if (full === 0) return null
  const limit = await leastThatKeeps(limitKeeps * full, smMilli, at)
  const request = await leastThatKeeps(
    requestKeeps * full,
    smMilli.filter((share) => share <= limit),
    at,
  )
  return {
    requestMilli: request,
    limitMilli: limit,
    fullPerSecond: full,
    requestPerSecond: await at(request),
    limitPerSecond: await at(limit),
  }
}

/** The last share is taken to be enough. */
async function leastThatKeeps(
  perSecond: number,
  shares: readonly number[],
  at: (share: number, samples?: number) => Promise<number>,
): Promise<number> {
  let low = 0
  let high = shares.length - 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const share = shares[middle]!
    let found = await at(share)
    if (Math.abs(found - perSecond) <= nearShare * perSecond) found = await at(share, nearSamples)
    if (found >= perSecond) high = middle
    else if (middle > low && found >= (1 - missShare) * perSecond && (await at(shares[middle - 1]!)) >= perSecond)
      high = middle - 1
    else low = middle + 1
  }
  return shares[low]!
}

// How likely spot capacity is to be had now, by device model and zone: AWS scores it from 1 to 10 for machines of which any will do.
// An account may ask for few sets of machines a day, and needs a permission of its own: scores are welcome, and never a reason
// to fail.
import { GetSpotPlacementScoresCommand } from '@aws-sdk/client-ec2'
import type { Price } from '#regions/catalogue.ts'
import { allPages } from '#regions/cloud/pages.ts'
import type { AwsClients } from './clients.ts'
import { scoreEnoughMin, scoreRegionsMax, scoreTargetCapacity } from './config.ts'
import { partitionOf } from './partitions.ts'

/** Keyed by `${region} ${zone id}`. */
export type Scores = ReadonlyMap<string, number>

export async function placementScores(
  clients: AwsClients,
  regions: readonly string[],
  instanceTypes: readonly string[],
  signal: AbortSignal,
): Promise<Scores> {
  const scores = new Map<string, number>()
  for (let from = 0; from < regions.length; from += scoreRegionsMax) {
    const some = regions.slice(from, from + scoreRegionsMax)
    const what = `GetSpotPlacementScores for ${some.join(', ')}`
    const found = await allPages(what, async (token) => {
      const command = new GetSpotPlacementScoresCommand({
        InstanceTypes: [...instanceTypes],
        TargetCapacity: scoreTargetCapacity,
        SingleAvailabilityZone: true,
        RegionNames: some,
        ...(token === undefined ? {} : { NextToken: token }),
      })
      const answer = await clients.ec2.call(what, signal, (abortSignal) =>
        clients.ec2In(partitionOf(some[0]!).homeRegion).send(command, { abortSignal }),
      )
      return { items: answer.SpotPlacementScores ?? [], next: answer.NextToken ?? '' }
    })
    for (const { Region, AvailabilityZoneId, Score } of found) {
      if (Region === undefined || AvailabilityZoneId === undefined || Score === undefined) continue
      if (Number.isInteger(Score) && Score >= 1 && Score <= 10) scores.set(`${Region} ${AvailabilityZoneId}`, Score)
    }
  }
  return scores
}

export function stockOf(score: number | undefined): Price['stock'] {
  if (score === undefined) return 'unknown'
  if (score >= scoreEnoughMin) return 'enough'
  return score === 1 ? 'none' : 'low'
}

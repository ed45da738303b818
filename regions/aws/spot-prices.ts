// Spot prices by zone as of now: a history that starts a moment ago has for each machine and zone the price that was in force then, and
// what came since.
import { DescribeSpotPriceHistoryCommand, type SpotPrice } from '@aws-sdk/client-ec2'
import { unbelievable } from '#regions/cloud/cloud-api.ts'
import { allPages } from '#regions/cloud/pages.ts'
import type { AwsClients } from './clients.ts'
import { spotHistoryMs } from './config.ts'

export type SpotRow = {
  readonly instanceType: string
  readonly zone: string
  /** In the currency of this part of AWS. */
  readonly perHour: number
  readonly sinceMs: number
}

/** In ascending order of (instance type, zone), one each. */
export async function spotPricesIn(
  clients: AwsClients,
  region: string,
  instanceTypes: readonly string[],
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly SpotRow[]> {
  if (instanceTypes.length === 0) return []
  const what = `DescribeSpotPriceHistory in ${region}`
  const found = await allPages(what, async (token) => {
    const command = new DescribeSpotPriceHistoryCommand({
      InstanceTypes: instanceTypes as SpotPrice['InstanceType'][] as never,
      ProductDescriptions: ['Linux/UNIX'],
      StartTime: new Date(nowMs - spotHistoryMs),
      MaxResults: 1000,
      ...(token === undefined ? {} : { NextToken: token }),
    })
    const answer = await clients.ec2.call(what, signal, (abortSignal) =>
      clients.ec2In(region).send(command, { abortSignal }),
    )
    return { items: answer.SpotPriceHistory ?? [], next: answer.NextToken ?? '' }
  })
  const asked = new Set(instanceTypes)
  const newest = new Map<string, SpotRow>()
  for (const row of found.flatMap((price) => rowOf(what, price) ?? [])) {
    const key = `${row.instanceType} ${row.zone}`
    if (!asked.has(row.instanceType) || (newest.get(key)?.sinceMs ?? Number.NEGATIVE_INFINITY) >= row.sinceMs) continue
    newest.set(key, row)
  }
  return [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

/** Null for rows that lack something. */
function rowOf(
  what: string,
  { InstanceType, AvailabilityZone, SpotPrice: text, Timestamp }: SpotPrice,
): SpotRow | null {
  if (InstanceType === undefined || AvailabilityZone === undefined || text === undefined) return null
  if (!/^[a-z0-9-]{1,63}$/.test(AvailabilityZone)) return null
  const perHour = Number(text)
  if (text.trim() === '' || !(perHour > 0 && perHour < 1e6))
    throw unbelievable(
      what,
      `says that ${InstanceType} costs ${JSON.stringify(text.slice(0, 40))} in ${AvailabilityZone}`,
    )
  return { instanceType: InstanceType, zone: AvailabilityZone, perHour, sinceMs: Timestamp?.getTime() ?? 0 }
}

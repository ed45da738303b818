// Zones of a region, and which machines each of them has. Local zones and wavelength zones are left out: their prices and their
// network are others.
import { DescribeAvailabilityZonesCommand, DescribeInstanceTypeOfferingsCommand } from '@aws-sdk/client-ec2'
import { allPages } from '#regions/cloud/pages.ts'
import type { AwsClients } from './clients.ts'
import { filterValuesMax } from './config.ts'

/** Names by id: "us-east-1a" by "use1-az6". Ids mean the same place for everybody, names do not. */
export async function zonesIn(
  clients: AwsClients,
  region: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const answer = await clients.ec2.call(`DescribeAvailabilityZones in ${region}`, signal, (abortSignal) =>
    clients
      .ec2In(region)
      .send(new DescribeAvailabilityZonesCommand({ Filters: [{ Name: 'zone-type', Values: ['availability-zone'] }] }), {
        abortSignal,
      }),
  )
  const zones = (answer.AvailabilityZones ?? []).flatMap(({ ZoneId, ZoneName, ZoneType, State }) => {
    const isUsable = ZoneType === 'availability-zone' && State === 'available'
    return isUsable && ZoneId !== undefined && ZoneName !== undefined ? [[ZoneId, ZoneName] as const] : []
  })
  return new Map(zones)
}

/** Zones by machine; a machine that no zone has is missing. */
export async function zonesByMachine(
  clients: AwsClients,
  region: string,
  instanceTypes: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const what = `DescribeInstanceTypeOfferings in ${region}`
  const zones = new Map<string, Set<string>>()
  for (let from = 0; from < instanceTypes.length; from += filterValuesMax) {
    const values = instanceTypes.slice(from, from + filterValuesMax)
    const offerings = await allPages(what, async (token) => {
      const command = new DescribeInstanceTypeOfferingsCommand({
        LocationType: 'availability-zone',
        Filters: [{ Name: 'instance-type', Values: values }],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      })
      const answer = await clients.ec2.call(what, signal, (abortSignal) =>
        clients.ec2In(region).send(command, { abortSignal }),
      )
      return { items: answer.InstanceTypeOfferings ?? [], next: answer.NextToken ?? '' }
    })
    for (const { InstanceType: machine, Location: zone } of offerings) {
      if (machine === undefined || zone === undefined) continue
      const known = zones.get(machine)
      if (known === undefined) zones.set(machine, new Set([zone]))
      else known.add(zone)
    }
  }
  return zones
}

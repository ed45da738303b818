// Amazon Web Services as an adapter: EC2 tells machines, zones and spot prices, the price list tells on-demand prices, S3 tells what
// lies in a bucket.
import { DescribeRegionsCommand } from '@aws-sdk/client-ec2'
import type { Adapter, FetchedLayer, RefreshRequest } from '#regions/adapter.ts'
import { eachRegion } from '#regions/cloud/each-region.ts'
import { placesOf } from '#regions/cloud/places.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { openAwsClients, type AwsClients, type AwsOptions } from './clients.ts'
import { partitionOf } from './partitions.ts'
import { placementScores, type Scores } from './placement-scores.ts'
import { askRegion, regionLayer, type RegionFacts } from './region-prices.ts'
import { s3Dataset } from './s3-dataset.ts'

export function openAws(options: AwsOptions): Adapter {
  const clients = openAwsClients(options)
  const { homeRegion } = partitionOf(options.region ?? '')
  return {
    id: 'aws',
    refresh: (request) => refresh(clients, homeRegion, options, request),
    listDataset: (request) => s3Dataset(clients, homeRegion, request),
    close: () => clients.close(),
  }
}

async function refresh(
  clients: AwsClients,
  homeRegion: string,
  { clock }: AwsOptions,
  request: RefreshRequest,
): Promise<FetchedLayer> {
  const fetchedAtMs = clock.now()
  const named = placesOf('aws', request.regions)
  const regions = named.length > 0 ? named : await regionsOfAccount(clients, homeRegion, request.signal)
  const facts = await eachRegion(regions, request, async (region, signal) => {
    const found = await askRegion(clients, region, { ...request, signal }, fetchedAtMs)
    const text = `aws/${region}: ${found.machines.length} machines, ${found.spotPrices.length} spot prices`
    return { found, text }
  })
  const scores = await scoresByModel(clients, facts, request)
  const context = {
    usdPer: request.usdPer,
    pricedOn: new Date(fetchedAtMs).toISOString().slice(0, 10),
    scores,
    isWhole: request.instanceTypes.length === 0,
  }
  return {
    fetchedAtMs,
    usdPer: {},
    regions: facts.map((each) => regionLayer(each, context)),
    links: [],
    egress: [],
    defaultLink: null,
    deviceModels: [],
  }
}

/** Those that the account has not left switched off. */
async function regionsOfAccount(
  clients: AwsClients,
  homeRegion: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const answer = await clients.ec2.call('DescribeRegions', signal, (abortSignal) =>
    clients.ec2In(homeRegion).send(new DescribeRegionsCommand({ AllRegions: false }), { abortSignal }),
  )
  const names = (answer.Regions ?? []).flatMap(({ RegionName, OptInStatus }) =>
    RegionName !== undefined && OptInStatus !== 'not-opted-in' ? [RegionName] : [],
  )
  return placesOf(
    'aws',
    names.map((name) => `aws/${name}`),
  )
}

/** Model after model, any machine with it will do. Without scores nothing is said about stock. */
async function scoresByModel(
  clients: AwsClients,
  facts: readonly RegionFacts[],
  { signal, onProgress }: RefreshRequest,
): Promise<ReadonlyMap<string, Scores>> {
  const machines = new Map(facts.flatMap((each) => each.machines).map((machine) => [machine.instanceType, machine]))
  const byModel = Map.groupBy(machines.values(), ({ deviceModel }) => deviceModel)
  const regions = facts.map(({ region }) => region)
  const found = new Map<string, Scores>()
  try {
    for (const [model, same] of [...byModel].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (model === 'cpu') continue
      const names = same.map(({ instanceType }) => instanceType).sort()
      found.set(model, await placementScores(clients, regions, names, signal))
    }
  } catch (error) {
    if (!(error instanceof CloudlessError) || signal.aborted) throw error
    const text = `no placement scores, so nothing is said about stock: ${messageOf(error)}`
    onProgress({ regionsDone: facts.length, regionsTotal: facts.length, text })
  }
  return found
}

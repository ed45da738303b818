// Tencent Cloud as an adapter: CVM tells for each zone what machines cost and whether there are any, COS tells what lies in a bucket.
import type { Adapter, FetchedLayer, RefreshRequest } from '#regions/adapter.ts'
import { eachRegion } from '#regions/cloud/each-region.ts'
import { placesOf } from '#regions/cloud/places.ts'
import { read, regionsSchema } from './answers.ts'
import { openTencentClients, type TencentClients, type TencentOptions } from './clients.ts'
import { homeRegion } from './config.ts'
import { cosDataset } from './cos-dataset.ts'
import { regionLayer } from './region-prices.ts'

export function openTencent(options: TencentOptions): Adapter {
  const clients = openTencentClients(options)
  return {
    id: 'tencent',
    refresh: (request) => refresh(clients, options, request),
    listDataset: (request) => cosDataset(clients, request),
    close: () => clients.close(),
  }
}

async function refresh(
  clients: TencentClients,
  { clock }: TencentOptions,
  request: RefreshRequest,
): Promise<FetchedLayer> {
  const fetchedAtMs = clock.now()
  const named = placesOf('tencent', request.regions)
  const regions = named.length > 0 ? named : await regionsOfAccount(clients, request.signal)
  const { usdPer, instanceTypes } = request
  const pricedOn = new Date(fetchedAtMs).toISOString().slice(0, 10)
  const layers = await eachRegion(regions, request, async (region, signal) => {
    const found = await regionLayer(clients, region, { usdPer, instanceTypes, signal, pricedOn })
    return { found, text: `${found.name}: ${found.prices.length} prices` }
  })
  return { fetchedAtMs, usdPer: {}, regions: layers, links: [], egress: [], defaultLink: null, deviceModels: [] }
}

/** Without those of the financial cloud, which is apart from the rest and has endpoints of its own. */
async function regionsOfAccount(clients: TencentClients, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await clients.ask('DescribeRegions', homeRegion, {}, signal)
  const { RegionSet } = read('DescribeRegions', regionsSchema, answer)
  const usable = RegionSet.filter(
    ({ RegionState, Region }) => RegionState !== 'UNAVAILABLE' && !Region.endsWith('-fsi'),
  )
  return placesOf(
    'tencent',
    usable.map(({ Region }) => Region),
  )
}

// The adapter of AWS with a cloud on loopback that answers as it does when all is well; a test changes some of it.
import type { RefreshRequest } from '#regions/adapter.ts'
import type { CloudLimits } from '#regions/cloud/config.ts'
import { impatientClock, startCloud, type CloudAnswer, type CloudRequest } from '#regions/cloud/http-cloud.fixture.ts'
import type { Clock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { openAws } from './aws-adapter.ts'
import {
  actionOf,
  offeringsAnswer,
  parameter,
  product,
  productsAnswer,
  regionOf,
  regionsAnswer,
  scoresAnswer,
  spotAnswer,
  typesAnswer,
  zonesAnswer,
} from './recorded.fixture.ts'

const t4 = { name: 'T4', count: 1, mib: 16384 }
export const accessKeyId = 'AKIATESTACCESSKEY'
export const secretAccessKey = 'a-secret-that-nobody-should-read'

export function wellAnswers(request: CloudRequest): CloudAnswer {
  const region = regionOf(request)
  const isNext = (parameter(request, 'NextToken') ?? '') !== ''
  switch (actionOf(request)) {
    case 'DescribeRegions':
      return regionsAnswer({
        'us-east-1': 'opt-in-not-required',
        'eu-west-1': 'opted-in',
        'af-south-1': 'not-opted-in',
      })
    case 'DescribeInstanceTypes':
      return isNext
        ? typesAnswer([
            { type: 'g4dn.xlarge', gpu: t4 },
            { type: 'p4de.24xlarge', gpu: { name: 'A100', count: 8, mib: 81920 } },
          ])
        : typesAnswer(
            [
              { type: 'c6i.2xlarge', vcpus: 8 },
              { type: 'g6f.xlarge', gpu: { name: 'L4', count: 0, mib: 2861 } },
              { type: 'g4ad.xlarge', gpu: { name: 'Radeon Pro V520', count: 1, mib: 8192, maker: 'AMD' } },
              { type: 'g4dn.12xlarge', gpu: { ...t4, count: 4 } },
            ],
            'page-2',
          )
    case 'DescribeAvailabilityZones':
      return zonesAnswer([
        ['z1', `${region}a`],
        ['z2', `${region}b`],
        ['lax', `${region}-lax-1a`, 'local-zone'],
      ])
    case 'DescribeInstanceTypeOfferings':
      // Nobody sells the p4de here.
      return offeringsAnswer({
        'c6i.2xlarge': [`${region}a`],
        'g4dn.xlarge': [`${region}a`],
        'g4dn.12xlarge': [`${region}b`],
      })
    case 'DescribeSpotPriceHistory':
      return isNext
        ? spotAnswer([
            { type: 'g4dn.xlarge', zone: `${region}b`, usd: '0.19' },
            // As dear as on demand.
            { type: 'g4dn.12xlarge', zone: `${region}a`, usd: '3.912' },
            { type: 'g4dn.12xlarge', zone: `${region}-lax-1a`, usd: '0.01' },
          ])
        : spotAnswer(
            [
              { type: 'g4dn.xlarge', zone: `${region}a`, usd: '0.158' },
              { type: 'g4dn.xlarge', zone: `${region}a`, usd: '0.9', since: '2026-11-20T00:00:00.000Z' },
            ],
            'page-2',
          )
    case 'GetProducts':
      return products(request)
    case 'GetSpotPlacementScores':
      return scoresAnswer(
        ['eu-west-1', 'us-east-1'].flatMap((each) => [
          { region: each, zoneId: 'z1', score: 9 },
          { region: each, zoneId: 'z2', score: 3 },
        ]),
      )
    default:
      return { status: 400, body: '' }
  }
}

function products(request: CloudRequest): CloudAnswer {
  const asked = JSON.parse(request.body) as {
    readonly NextToken?: string
    readonly Filters: readonly { readonly Field: string; readonly Value: string }[]
  }
  const machine = asked.Filters.find(({ Field }) => Field === 'instanceType')?.Value
  if (machine === 'c6i.2xlarge') return productsAnswer([product('c6i.2xlarge', '0.3400000000')])
  if (machine !== undefined) return productsAnswer([product(machine, '0.5260000000')])
  if (asked.NextToken !== undefined) return productsAnswer([product('g4dn.12xlarge', '3.9120000000')])
  const free = product('g4dn.xlarge', '0.0000000000')
  return productsAnswer([free, product('g4dn.xlarge', '0.5260000000'), product('p4de.24xlarge', '40.96')], 'page-2')
}

/** `close` ends both; `clock` is the system's. */
export async function openRig(
  clock: Clock,
  answer: (request: CloudRequest) => CloudAnswer = wellAnswers,
  limits: Partial<CloudLimits> = {},
) {
  const cloud = await startCloud(answer)
  const slept: number[] = []
  const adapter = openAws({
    clock: impatientClock(clock, slept),
    random: seededRandom(1),
    endpoint: cloud.url,
    credentials: { accessKeyId, secretAccessKey },
    limits: { requestsPerSecond: 10_000, ...limits },
  })
  const texts: string[] = []
  const request = (fields: Partial<RefreshRequest> = {}): RefreshRequest => ({
    regions: [],
    instanceTypes: [],
    usdPer: {},
    signal: new AbortController().signal,
    onProgress: ({ text }) => texts.push(text),
    ...fields,
  })
  return {
    cloud,
    slept,
    texts,
    refresh: (fields?: Partial<RefreshRequest>) => adapter.refresh(request(fields)),
    adapter,
    close: async () => {
      adapter.close()
      await cloud.stop()
    },
  }
}

/** Answers `first` to an action until `times` have been given, then as all is well. */
export function butFirst(action: string, times: number, first: CloudAnswer): (request: CloudRequest) => CloudAnswer {
  let given = 0
  return (request) => {
    if (actionOf(request) !== action || given >= times) return wellAnswers(request)
    given += 1
    return first
  }
}

// RegionService: where training can run, what is free there and how the regions are linked.
import type { Device as WireDevice } from '#proto/generated/cloudless/v1/Device.ts'
import type { Link as WireLink } from '#proto/generated/cloudless/v1/Link.ts'
import type { Offer as WireOffer } from '#proto/generated/cloudless/v1/Offer.ts'
import type { Region as WireRegion } from '#proto/generated/cloudless/v1/Region.ts'
import type { RegionDevice as WireRegionDevice } from '#proto/generated/cloudless/v1/RegionDevice.ts'
import type { RegionServiceHandlers } from '#proto/generated/cloudless/v1/RegionService.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import type { Catalogue, CatalogueLink, CatalogueRegion, Price } from '#regions/catalogue.ts'
import { currentIndex, type CatalogueIndex } from '#control-plane/model/catalogue-index.ts'
import { classKey, classOf, type DeviceClass } from '#control-plane/model/device-class.ts'
import type { DeviceUse } from '#control-plane/model/device-use.ts'
import { linkKey, type Agent, type Device, type LinkMeasurement, type Snapshot } from '#control-plane/model/snapshot.ts'
import { countFreeUnits, type FreeUnits } from '#control-plane/scheduler/free-units.ts'
import type { SharedUnits } from '#control-plane/scheduler/shared-units.ts'
import type { Store } from '#control-plane/store/store.ts'
import { encodeUse } from '#control-plane/wire/device-use.ts'
import { wireSharing } from '#control-plane/wire/enums.ts'
import type { Clock } from '#runtime/clock.ts'
import { notFound } from '#runtime/errors.ts'

/** What was asked of a cloud, and when. */
export type FetchedMark = {
  readonly id: string
  readonly fetchedAtMs: number
  readonly isStale: boolean
  /** Regions whose prices are from it. */
  readonly regions: readonly string[]
}

export type RegionContext = {
  readonly store: Store
  readonly catalogue: () => Catalogue
  readonly clock: Clock
  readonly fetched: () => readonly FetchedMark[]
  /** More recent than the store's; null where nobody was heard. */
  readonly heardAtMs: (region: string) => number | null
  /** What instances make of its GPUs now. */
  readonly usesOf: (region: string) => readonly DeviceUse[]
}

export function regionService(context: RegionContext): Implementation<RegionServiceHandlers> {
  const index = currentIndex(context.catalogue)
  const look = (): ((region: CatalogueRegion) => WireRegion) => {
    const { catalogue } = index()
    const snapshot: Snapshot = { ...context.store.view(), nowMs: context.clock.now(), catalogue }
    const free = countFreeUnits(snapshot)
    return (region) => describe(context, index(), snapshot, free, region)
  }
  const named = (name: string): CatalogueRegion => {
    const region = index().region(name)
    if (region === null) throw notFound('region', name)
    return region
  }
  return {
    listRegions: () => {
      const { regions, version, hash } = context.catalogue()
      return Promise.resolve({
        regions: regions.map(look()),
        catalogVersion: version,
        catalogHash: hash,
        fetchedLayers: context.fetched().map((mark) => ({ ...mark, regions: [...mark.regions] })),
      })
    },
    // oxlint-disable-next-line typescript/require-await -- a name that does not exist becomes a rejection
    getRegion: async ({ name }) => ({ region: look()(named(name)) }),
    // oxlint-disable-next-line typescript/require-await -- as above
    listLinks: async ({ fromRegion }) => {
      if (fromRegion !== '') named(fromRegion)
      const links = context.catalogue().links.filter(({ from }) => fromRegion === '' || from === fromRegion)
      const { measuredLinks } = context.store.view()
      return { links: links.map((link) => describeLink(link, measuredLinks.get(linkKey(link.from, link.to)))) }
    },
    // oxlint-disable-next-line typescript/require-await -- as above
    listDevices: async ({ regions }) => {
      for (const name of regions) named(name)
      const agents = context.store
        .view()
        .agents.filter(({ region }) => regions.length === 0 || regions.includes(region))
      return { devices: agents.flatMap((agent) => describeDevices(context, agent)) }
    },
  }
}

function describe(
  context: RegionContext,
  index: CatalogueIndex,
  snapshot: Snapshot,
  free: FreeUnits,
  { name, prices }: CatalogueRegion,
): WireRegion {
  const agent = snapshot.agents.find((one) => one.region === name)
  const units = free.get(name)
  // What the agent brings, with the price that applies to it; of the rest of the price list every row.
  const brought = [...(units?.classes.values() ?? [])]
  const listed = prices.filter((price) => !brought.some((device) => isOf(price, device)))
  const classes = [...brought, ...listed].map(classOf)
  return {
    name,
    agentState:
      agent === undefined ? 'AGENT_STATE_ABSENT' : agent.isConnected ? 'AGENT_STATE_CONNECTED' : 'AGENT_STATE_LOST',
    agentId: agent?.agentId ?? '',
    agentVersion: agent?.version ?? '',
    lastHeartbeatAtMs: Math.max(context.heardAtMs(name) ?? 0, agent?.lastHeartbeatAtMs ?? 0),
    offers: classes
      .map((device) => {
        const key = classKey(device)
        const price = index.price(name, device)
        return {
          ...device,
          unitsTotal: units?.total.get(key) ?? 0,
          // What a lost region holds cannot be given out.
          unitsFree: agent?.isConnected === true ? (units?.free.get(key) ?? 0) : 0,
          usdPerUnitHour: price?.usdPerUnitHour ?? 0,
          perUnitHour: price?.perUnitHour ?? 0,
          currency: price?.currency ?? '',
          pricedOn: price?.pricedOn ?? '',
          lossesPerHour: price?.lossesPerHour ?? 0,
          ...describeShares(units?.shared?.get(key), agent?.isConnected === true),
        }
      })
      .sort((a, b) => (classKey(a) < classKey(b) ? -1 : 1)),
  }
}

/** As plans count them, so that what is promised and not yet told by the agent is gone already. */
function describeShares(shared: SharedUnits | undefined, isConnected: boolean): Pick<WireOffer, 'shares'> {
  if (shared === undefined) return {}
  const left = shared.requestsLeft
  const leftMilli = isConnected ? left.reduce((sum, milli) => sum + milli, 0) : 0
  return { shares: { gpus: left.length, leftMilli, largestMilli: isConnected ? shared.largestRequestMilli : 0 } }
}

function describeDevices(context: RegionContext, { region, devices, lastHeartbeatAtMs }: Agent): WireRegionDevice[] {
  const toldAtMs = Math.max(context.heardAtMs(region) ?? 0, lastHeartbeatAtMs)
  const uses = Map.groupBy(context.usesOf(region), ({ deviceId }) => deviceId)
  return [...devices]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((device) => {
      const own = (uses.get(device.id) ?? []).toSorted((a, b) => (a.instanceId < b.instanceId ? -1 : 1))
      return { region, device: encodeDevice(device), toldAtMs, uses: own.map(encodeUse) }
    })
}

function encodeDevice({ sharing, ...device }: Device): WireDevice {
  const told = sharing === undefined ? {} : { sharing: wireSharing[sharing] }
  return { ...device, ...told, endsAtMs: device.endsAtMs ?? 0 }
}

function isOf(price: Price, { deviceModel, market }: DeviceClass): boolean {
  return price.deviceModel === deviceModel && price.market === market
}

function describeLink(
  { from, to, mbitPerSecond, roundTripMs, egress }: CatalogueLink,
  measured: LinkMeasurement | undefined,
): WireLink {
  return {
    fromRegion: from,
    toRegion: to,
    mbitPerSecond,
    roundTripMs,
    egressUsdPerGb: egress.kind === 'per-gb' ? (egress.tiers[0]?.usdPerGb ?? 0) : 0,
    egressUsdPerMbitMonth: egress.kind === 'p95-month' ? (egress.tiers[0]?.usdPerMbitMonth ?? 0) : 0,
    measuredMbitPerSecond: measured?.mbitPerSecond ?? 0,
    measuredRoundTripMs: measured?.roundTripMs ?? 0,
  }
}

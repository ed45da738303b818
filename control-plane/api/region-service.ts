// RegionService: where training can run, what is free there and how the regions are linked.
import type { Region as WireRegion } from '#proto/generated/cloudless/v1/Region.ts'
import type { RegionServiceHandlers } from '#proto/generated/cloudless/v1/RegionService.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import type { Catalogue, CatalogueRegion } from '#regions/catalogue.ts'
import type { Snapshot } from '#control-plane/model/snapshot.ts'
import { countFreeUnits, type FreeUnits } from '#control-plane/scheduler/free-units.ts'
import type { Store } from '#control-plane/store/store.ts'
import type { Clock } from '#runtime/clock.ts'
import { notFound } from '#runtime/errors.ts'

export type RegionContext = {
  readonly store: Store
  readonly catalogue: Catalogue
  readonly clock: Clock
  /** More recent than the store's; null where nobody was heard. */
  readonly heardAtMs: (region: string) => number | null
}

export function regionService(context: RegionContext): Implementation<RegionServiceHandlers> {
  const { catalogue } = context
  const look = (): ((region: CatalogueRegion) => WireRegion) => {
    const snapshot: Snapshot = { ...context.store.view(), nowMs: context.clock.now(), catalogue }
    const free = countFreeUnits(snapshot)
    return (region) => describe(context, snapshot, free, region)
  }
  const named = (name: string): CatalogueRegion => {
    const region = catalogue.regions.find((one) => one.name === name)
    if (region === undefined) throw notFound('region', name)
    return region
  }
  return {
    listRegions: () =>
      Promise.resolve({
        regions: catalogue.regions.map(look()),
        catalogVersion: catalogue.version,
        catalogHash: catalogue.hash,
      }),
    // oxlint-disable-next-line typescript/require-await -- a name that does not exist becomes a rejection
    getRegion: async ({ name }) => ({ region: look()(named(name)) }),
    // oxlint-disable-next-line typescript/require-await -- as above
    listLinks: async ({ fromRegion }) => {
      if (fromRegion !== '') named(fromRegion)
      const links = catalogue.links.filter(({ from }) => fromRegion === '' || from === fromRegion)
      return {
        links: links.map(({ from, to, mbitPerSecond, roundTripMs, egressUsdPerGb }) => ({
          fromRegion: from,
          toRegion: to,
          mbitPerSecond,
          roundTripMs,
          egressUsdPerGb,
        })),
      }
    },
  }
}

function describe(
  context: RegionContext,
  snapshot: Snapshot,
  free: FreeUnits,
  { name, usdPerUnitHour }: CatalogueRegion,
): WireRegion {
  const agent = snapshot.agents.find((one) => one.region === name)
  const units = free.get(name)
  const models = [...new Set([...Object.keys(usdPerUnitHour), ...(units?.total.keys() ?? [])])].sort()
  return {
    name,
    agentState:
      agent === undefined ? 'AGENT_STATE_ABSENT' : agent.isConnected ? 'AGENT_STATE_CONNECTED' : 'AGENT_STATE_LOST',
    agentId: agent?.agentId ?? '',
    agentVersion: agent?.version ?? '',
    lastHeartbeatAtMs: Math.max(context.heardAtMs(name) ?? 0, agent?.lastHeartbeatAtMs ?? 0),
    offers: models.map((deviceModel) => ({
      deviceModel,
      unitsTotal: units?.total.get(deviceModel) ?? 0,
      // What a lost region holds cannot be given out.
      unitsFree: agent?.isConnected === true ? (units?.free.get(deviceModel) ?? 0) : 0,
      usdPerUnitHour: usdPerUnitHour[deviceModel] ?? 0,
    })),
  }
}

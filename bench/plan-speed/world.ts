// A world to plan in: regions with 12 classes of devices each (six GPU models, on demand and spot), an agent with free units in every
// one, and links between all of them. Up to 77 regions are those of the bundled catalogue with its links; beyond, each is
// another one at the same place, as availability zones and further clouds are.
import { withHash } from '#regions/catalogue-content.ts'
import type { Catalogue, CatalogueLink } from '#regions/catalogue.ts'
import { anAgent, aPrice } from '#control-plane/model/builders.ts'
import type { Agent, Device, Snapshot } from '#control-plane/model/snapshot.ts'
import type { Random } from '#runtime/random.ts'

/** USD per hour and GPU on demand in a cheap region; prices by region lie up to 60 % above. */
const usdPerHour = {
  'nvidia-k80': 0.9,
  'nvidia-t4': 0.53,
  'nvidia-v100': 3.06,
  'nvidia-a10g': 1.01,
  'nvidia-a100': 4.1,
  'nvidia-h100': 12.3,
} as const

export const gpuModels = Object.keys(usdPerHour)

export function world(bundled: Catalogue, count: number, random: Random): Snapshot {
  const catalogue = grown(bundled, count, random)
  return {
    revision: 1,
    nowMs: 0,
    catalogue,
    jobs: [],
    instances: [],
    agents: catalogue.regions.map(({ name }) => agentIn(name, random)),
    throughput: new Map(),
    modelSizes: new Map(),
  }
}

function grown(bundled: Catalogue, count: number, random: Random): Catalogue {
  const originals = bundled.regions.slice(0, Math.min(count, bundled.regions.length))
  const regions = Array.from({ length: count }, (_, i) => {
    const original = originals[i % originals.length]!
    const dearer = 1 + 0.6 * random.next()
    const prices = Object.entries(usdPerHour).flatMap(([model, usd]) => [
      aPrice(model, usd * dearer),
      aPrice(model, usd * dearer * (0.3 + 0.4 * random.next()), {
        market: 'spot',
        lossesPerHour: 0.05 * random.next(),
      }),
    ])
    return { ...original, name: nameOf(original.name, i, originals.length), prices }
  }).sort((a, b) => (a.name < b.name ? -1 : 1))
  const deviceModels = bundled.deviceModels.filter(({ name }) => gpuModels.includes(name))
  return withHash({ ...bundled, regions, deviceModels, links: linksBetween(bundled.links, originals, count) })
}

function linksBetween(
  links: readonly CatalogueLink[],
  originals: readonly { readonly name: string }[],
  count: number,
): readonly CatalogueLink[] {
  const size = originals.length
  const at = new Map(originals.map(({ name }, i) => [name, i]))
  const copies = (i: number): readonly number[] =>
    Array.from({ length: Math.ceil((count - i) / size) }, (_, n) => i + n * size)
  const between = links.flatMap((link): CatalogueLink[] => {
    const [from, to] = [at.get(link.from), at.get(link.to)]
    if (from === undefined || to === undefined) return []
    return copies(from).flatMap((one) =>
      copies(to).map((other) => ({ ...link, from: nameOf(link.from, one, size), to: nameOf(link.to, other, size) })),
    )
  })
  return between
}

function nameOf(original: string, i: number, size: number): string {
  return i < size ? original : `${original}-${Math.floor(i / size)}`
}

function agentIn(region: string, random: Random): Agent {
  const devices = gpuModels.flatMap((model) =>
    (['on-demand', 'spot'] as const).map((market): Device => ({
      id: `${model}-${market}`,
      model,
      units: [1, 2, 4, 8, 16, 24][random.integer(6)]!,
      memoryBytes: 2 ** 34,
      market,
      zone: '',
      instanceType: '',
      endsAtMs: null,
    })),
  )
  return anAgent(region, {}, { devices })
}

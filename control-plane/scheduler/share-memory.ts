// The memory that a share asks for, against what one GPU has: as agents have told of its model, or, where none has, as much of what the
// catalogue names as can be counted on. What no GPU of the allowed models could hold would wait for ever, so it is refused; what fits on a GPU that is full
// waits. Of a model whose memory nobody knows anything may fit.
import { shareOn, type GpuShare } from '#control-plane/model/gpu-share.ts'
import { countedOnBytes } from '#control-plane/model/gpu-memory.ts'
import type { Agent, Catalogue } from '#control-plane/model/snapshot.ts'

export type ShareAsked = {
  readonly share: GpuShare
  /** Empty: any. */
  readonly deviceModels: readonly string[]
  /** Empty: any. */
  readonly regions: readonly string[]
}

/** What is wrong with the memory that is asked for, with value, largest GPU and fix; null where it may fit. */
export function memoryFault(
  { share, deviceModels, regions }: ShareAsked,
  catalogue: Catalogue,
  agents: readonly Agent[],
): string | null {
  const here = agents.filter(({ region }) => isIn(regions, region))
  const gpus = gpusOf(catalogue, here, share).filter(({ name }) => {
    return regions.length === 0 || isSold(catalogue, regions, name) || here.some(({ devices }) => has(devices, name))
  })
  const allowed = gpus.filter(({ name }) => isIn(deviceModels, name))
  const [largest] = allowed
  if (largest === undefined || largest.bytes >= share.memoryBytes) return null
  const larger = gpus.findLast(({ bytes }) => bytes >= share.memoryBytes)
  const which = deviceModels.length === 0 ? 'GPU' : allowed.map(({ name }) => name).join(' or ')
  const where = regions.length === 0 ? `catalogue ${catalogue.version}` : regions.join(' or ')
  const fix = larger === undefined ? 'ask for at most that' : `ask for at most that, or allow ${text(larger)}`
  const asked = `${share.memoryBytes} (${gibText(share.memoryBytes)})`
  return `${asked} is more than any ${which} of ${where} has: the largest is ${text(largest)}; ${fix}`
}

type Gpu = {
  readonly name: string
  readonly bytes: number
  /** What the catalogue names, where no agent has told; else null. */
  readonly namedGib: number | null
}

/** Models of which shares can be had, the largest first; of equals the lower name. */
function gpusOf({ deviceModels }: Catalogue, agents: readonly Agent[], share: GpuShare): readonly Gpu[] {
  const brought = agents.flatMap(({ devices }) => devices)
  return deviceModels
    .filter(({ name }) => shareOn(name, share) !== null)
    .map(({ name, memoryGib }): Gpu => {
      const told = brought.filter(({ model, memoryBytes }) => model === name && memoryBytes > 0)
      if (told.length > 0)
        return { name, bytes: Math.max(...told.map(({ memoryBytes }) => memoryBytes)), namedGib: null }
      if (memoryGib === undefined) return { name, bytes: Number.POSITIVE_INFINITY, namedGib: null }
      return { name, bytes: countedOnBytes(memoryGib), namedGib: memoryGib }
    })
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))
}

function isIn(names: readonly string[], name: string): boolean {
  return names.length === 0 || names.includes(name)
}

function isSold(catalogue: Catalogue, regions: readonly string[], model: string): boolean {
  const offered = catalogue.regions.filter(({ name }) => regions.includes(name)).flatMap(({ prices }) => prices)
  return offered.some(({ deviceModel }) => deviceModel === model)
}

function has(devices: Agent['devices'], name: string): boolean {
  return devices.some(({ model }) => model === name)
}

function text({ name, bytes, namedGib }: Gpu): string {
  if (!Number.isFinite(bytes)) return `${name}, whose memory nobody has told`
  const named = namedGib === null ? '' : ` (of ${namedGib}, until an agent tells what it has)`
  return `${name} with ${gibText(bytes)}${named}`
}

/** For example "24 GiB" and "15.75 GiB". */
export function gibText(bytes: number): string {
  return `${Number((bytes / 2 ** 30).toFixed(2))} GiB`
}

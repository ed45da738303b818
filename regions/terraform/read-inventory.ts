// Reads `terraform output -json` as a layer: the regions that Terraform has built. Only outputs named region_inventory (or
// region_inventory_…, region_inventories) are looked at; the others may be secrets and are never touched. What the machines
// cost is known by the layers below: a pool that none of them prices is told.
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Below } from '../below.ts'
import { deviceModelOf } from '../device-names.ts'
import { violationsMax } from '../config.ts'
import type { Layer } from '../layer.ts'
import {
  inventoryMajor,
  inventoryMinor,
  inventorySchema,
  newerInventorySchema,
  type Inventory,
} from './inventory-schema.ts'

export type ReadInventory = {
  readonly layer: Layer
  readonly warnings: readonly string[]
  readonly sources: readonly []
  readonly machines: readonly []
}

type Fault = { readonly field: string; readonly description: string }

/** Whether a JSON text looks like Terraform's outputs, or like one inventory. */
export function isInventory(json: unknown): json is Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return false
  return Object.hasOwn(json, 'schema_version') || Object.keys(json).some((name) => outputName.test(name))
}

/** `path` is for messages. */
export function readInventory(json: Readonly<Record<string, unknown>>, path: string, below: Below): ReadInventory {
  const faults: Fault[] = []
  const warnings: string[] = []
  const inventories = inventoriesOf(json, faults).flatMap(({ value, field }) => {
    const inventory = parseInventory(value, field, faults, warnings)
    return inventory === null ? [] : [{ inventory, field }]
  })
  const first = new Map<string, string>()
  for (const { inventory, field } of inventories) {
    checkInventory(inventory, field, faults)
    const before = first.get(inventory.name)
    if (before !== undefined)
      faults.push({
        field: `${field}.name`,
        description: `"${inventory.name}" is ${before} already; remove one of them`,
      })
    first.set(inventory.name, field)
    warnings.push(...poolWarnings(inventory, below))
  }
  if (faults.length > 0) throw refusal(path, faults)
  const regions = inventories.map(({ inventory: { name, provider } }) => {
    return { name, provider, coordinates: null, storageUsdPerGbMonth: null, prices: [], complete: [] }
  })
  const layer: Layer = {
    id: 'terraform',
    fetchedAtMs: null,
    usdPer: {},
    regions,
    links: [],
    egress: [],
    defaultLink: null,
    deviceModels: [],
  }
  return { layer, warnings, sources: [], machines: [] }
}

export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refusal(path, [{ field: 'file', description: `is not valid JSON: ${messageOf(error)}` }])
  }
}

const outputName = /^region_inventor(y|ies)(_[a-z0-9_]+)?$/

type Found = { readonly value: unknown; readonly field: string }

function inventoriesOf(json: Readonly<Record<string, unknown>>, faults: Fault[]): readonly Found[] {
  if (Object.hasOwn(json, 'schema_version')) return [{ value: json, field: 'inventory' }]
  const names = Object.keys(json).filter((name) => outputName.test(name))
  return names.sort().flatMap((name): readonly Found[] => {
    const output = json[name]
    if (!isRecord(output) || !Object.hasOwn(output, 'value')) {
      faults.push({ field: name, description: 'is no output of Terraform; give what `terraform output -json` prints' })
      return []
    }
    if (output['sensitive'] === true) {
      const description = 'is marked sensitive; an inventory holds no secrets, so take out what is one and the mark'
      faults.push({ field: name, description })
      return []
    }
    return eachInventory(output['value'], name)
  })
}

/** One inventory, a list of them, or a map by any key. */
function eachInventory(value: unknown, field: string): readonly Found[] {
  if (Array.isArray(value)) return value.map((each: unknown, i) => ({ value: each, field: `${field}[${i}]` }))
  if (!isRecord(value) || !Object.values(value).every(isRecord)) return [{ value, field }]
  return Object.keys(value).map((key) => ({ value: value[key], field: `${field}.${key}` }))
}

function parseInventory(value: unknown, field: string, faults: Fault[], warnings: string[]): Inventory | null {
  const version = isRecord(value) ? value['schema_version'] : undefined
  const [major, minor] = typeof version === 'string' ? version.split('.').map(Number) : []
  if (major !== undefined && Number.isInteger(major) && major !== inventoryMajor) {
    const description = `is ${JSON.stringify(version)}; this version of Cloudless reads ${inventoryMajor}.x`
    faults.push({ field: `${field}.schema_version`, description })
    return null
  }
  const isNewer = minor !== undefined && minor > inventoryMinor
  const parsed = (isNewer ? newerInventorySchema : inventorySchema).safeParse(value)
  if (parsed.success) {
    if (isNewer)
      warnings.push(
        `${field} is of version ${String(version)}; what is newer than ${inventoryMajor}.${inventoryMinor} is passed over`,
      )
    return parsed.data
  }
  for (const { path, message, code } of parsed.error.issues) {
    const at = [field, ...path.map(String)].join('.')
    if (code === 'unrecognized_keys') faults.push({ field: at, description: `${message}; remove it` })
    else faults.push({ field: at, description: `${shown(value, path)}: ${message}` })
  }
  return null
}

function shown(value: unknown, path: readonly PropertyKey[]): string {
  let found = value
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return 'is missing'
    found = (found as Readonly<Record<PropertyKey, unknown>>)[key]
  }
  return (JSON.stringify(found) ?? 'nothing').slice(0, 80)
}

function checkInventory({ name, provider, gpu_pools: pools }: Inventory, field: string, faults: Fault[]): void {
  if (!name.startsWith(`${provider}/`))
    faults.push({ field: `${field}.provider`, description: `is ${provider}, but the name is ${name}; make them agree` })
  for (const [i, { min, max }] of pools.entries()) {
    if (min <= max) continue
    const description = `is ${min}, more than max, which is ${max}; make it at most that`
    faults.push({ field: `${field}.gpu_pools.${i}.min`, description })
  }
}

function* poolWarnings({ name, provider, gpu_pools: pools }: Inventory, below: Below): Iterable<string> {
  for (const { instance_type: instanceType, gpu, spot } of pools) {
    const market = spot ? 'spot' : 'on-demand'
    const deviceModel = deviceModelOf(gpu, below.deviceModels)
    const machine = below.machine(provider, instanceType)
    if (machine !== null && machine.deviceModel !== deviceModel)
      yield `${name}: pool ${instanceType} says ${gpu}, but that machine has ${machine.deviceModel}; correct one of them`
    if (deviceModel === null) {
      yield `${name}: pool ${instanceType} has ${gpu}, which is no device model of the catalogue; add it with its speed and price`
    } else if (!below.hasPrice(name, { deviceModel, market, instanceType })) {
      yield `${name}: pool ${instanceType} (${deviceModel}, ${market}) has no price, so nothing will be placed there; add one`
    }
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refusal(path: string, faults: readonly Fault[]): CloudlessError {
  const violations = faults.slice(0, violationsMax)
  const text = violations.map(({ field, description }) => `${field}: ${description}`).join('; ')
  return new CloudlessError('invalid', 'INVALID_INVENTORY', `inventory ${path}: ${text}`, { violations })
}

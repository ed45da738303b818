// What a Terraform root says of one region that it has built: one versioned object, in an output named region_inventory.
// The same shape stands beside this file as a JSON Schema, for those who write such outputs. It holds no secrets: an agent's
// identity is the name of a role, never a key.
import { z } from 'zod'
import { providers } from '../catalogue.ts'

/** Of this major version every minor one is read; what a newer minor one adds is passed over. */
export const inventoryMajor = 1
export const inventoryMinor = 0

const text = z.string().min(1, 'write some text').max(1_000, 'use at most 1000 characters')
const word = z
  .string()
  .min(1, 'write some text')
  .max(63, 'use at most 63 characters')
  .regex(/^[A-Za-z0-9._-]+$/, 'use letters, digits, ".", "_" and "-"')
const count = z.int('use a whole number').min(0, 'use 0 or more')

const shape = {
  schema_version: z.string().regex(/^\d{1,4}\.\d{1,4}$/, 'use major.minor, for example 1.0'),
  name: z
    .string()
    .regex(/^[a-z0-9]+\/[a-z0-9]+(-[a-z0-9]+)*$/, 'use provider/place in lower case, for example aws/us-east-1'),
  provider: z.enum(providers, `use ${providers.join(', ')}`),
  /** As the cloud calls it; the place itself on-prem. */
  cloud_region: word,
  zones: z.array(word).max(100),
  labels: z.record(text, z.string().max(1_000, 'use at most 1000 characters')).default({}),
}
const agent = { endpoint: text.nullish(), identity: text }
const pool = {
  instance_type: word,
  /** A device model of the catalogue, or another of its names. */
  gpu: z.string().min(1, 'name a device').max(63, 'use at most 63 characters'),
  min: count,
  max: count,
  spot: z.boolean('use true or false'),
}
const network = { cidr: text, peers: z.array(text).max(1_000) }
const store = { uri: text, kind: text }

export const inventorySchema = z.strictObject({
  ...shape,
  agent: z.strictObject(agent),
  gpu_pools: z.array(z.strictObject(pool)).max(1_000),
  network: z.strictObject(network),
  storage: z.array(z.strictObject(store)).max(1_000),
})

/** The same of a minor version that this one does not know. */
export const newerInventorySchema = z.object({
  ...shape,
  agent: z.object(agent),
  gpu_pools: z.array(z.object(pool)).max(1_000),
  network: z.object(network),
  storage: z.array(z.object(store)).max(1_000),
})

export type Inventory = z.infer<typeof newerInventorySchema>

/** Of region-inventory.schema.json. */
export function inventoryJsonSchema(): object {
  return {
    ...z.toJSONSchema(inventorySchema, { io: 'input' }),
    $id: 'region-inventory.schema.json',
    title: `Region inventory ${inventoryMajor}.${inventoryMinor}`,
    description: 'What a Terraform root outputs as region_inventory for each region that it has built. No secrets.',
  }
}

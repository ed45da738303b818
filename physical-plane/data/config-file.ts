// The files that an agent writes for the data servers and stagers that it starts.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { invalid } from '#runtime/errors.ts'

const common = {
  instanceId: z.string().min(1),
  attempt: z.number().int().min(1),
  jobId: z.string().min(1),
  /** Where this process runs. */
  region: z.string().min(1),
  agentSocket: z.string().min(1),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
}

const serverSchema = z.strictObject({
  ...common,
  /** Places that may have the data. */
  receivers: z.array(z.string().min(1)).min(1),
  /** What is given: under which address, and where it lies. What is optional need not be there. */
  gives: z
    .array(z.strictObject({ uri: z.string().min(1), path: z.string().startsWith('/'), isOptional: z.boolean() }))
    .min(1),
  bindHost: z.string().min(1),
  advertiseHost: z.string().min(1),
  /** What it must remember over a crash. */
  stateDir: z.string().min(1),
})
export type DataServerConfig = z.infer<typeof serverSchema>
export type Given = DataServerConfig['gives'][number]

const shardSchema = z.strictObject({ uri: z.string().min(1), path: z.string().startsWith('/') })
const stagerSchema = z.strictObject({
  ...common,
  /** Of a region's files, or of one shard in an object store. */
  sources: z.array(z.strictObject({ region: z.string().min(1), shards: z.array(shardSchema).min(1) })),
  /** Holds the paths of all shards, and nothing else. */
  folder: z.string().startsWith('/'),
})
export type DataStagerConfig = z.infer<typeof stagerSchema>
export type Source = DataStagerConfig['sources'][number]

export async function readServerConfig(path: string): Promise<DataServerConfig> {
  return decoded(serverSchema, await readFile(path, 'utf8'))
}

export async function readStagerConfig(path: string): Promise<DataStagerConfig> {
  return decoded(stagerSchema, await readFile(path, 'utf8'))
}

function decoded<Config>(schema: z.ZodType<Config>, text: string): Config {
  const result = schema.safeParse(JSON.parse(text))
  if (result.success) return result.data
  const { issues } = result.error
  throw invalid(issues.map(({ path, message }) => ({ field: path.join('.') || 'config', description: message })))
}

// What a gateway answers for, as its agent writes it to a file: functions with the instances that answer for them now, and pipelines.
// What arrives unchecked through the file system is checked here; a file that is wrong changes nothing.
import { z } from 'zod'
import type { ProfiledLatency } from '#physical-plane/serving/scaling/predict-latency.ts'
import type { InstanceShape, RoutedPipeline } from './infer.ts'

export type RoutedInstance = {
  readonly id: string
  readonly attempt: number
  /** host:port; `grpc` is '' where it does not answer that. */
  readonly http: string
  readonly grpc: string
  /** May change while it runs; absent: nobody says. */
  readonly shape?: InstanceShape | undefined
}

export type RoutedSlo = {
  readonly latencyMs: number
  readonly percentile: number
  /** Of each token of an answer, which its instance counts; absent: of a request. */
  readonly per?: 'token' | undefined
}

export type RoutedFunction = {
  readonly id: string
  readonly name: string
  readonly slo: RoutedSlo | null
  readonly timeoutMs: number
  /** 0: as the objective lets. */
  readonly queueMax: number
  readonly atMostOnce: boolean
  readonly batchMax: number
  readonly instances: readonly RoutedInstance[]
  /** Why there are none. */
  readonly absence?: string | undefined
  /** How long batches take; pipelines choose instances of different shapes by it. */
  readonly profile?: readonly ProfiledLatency[] | undefined
}

export type Routes = {
  /** Grows with every change. */
  readonly revision: number
  readonly functions: readonly RoutedFunction[]
  readonly pipelines: readonly RoutedPipeline[]
}

export const noRoutes: Routes = { revision: 0, functions: [], pipelines: [] }

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be a DNS label')
const id = z.string().min(1).max(200)
const address = z.string().regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}$/, 'must be host:port')
const count = z.int().min(0)
const slo = z.strictObject({ latencyMs: z.number().positive(), percentile: z.number().gt(0).max(100) })
const functionSlo = slo.extend({ per: z.literal('token').optional() }).nullable()

const milli = z.int().min(0).max(10_000)
const deviceModel = z.string().max(200)

const instance = z.strictObject({
  id,
  attempt: count,
  http: address,
  grpc: z.union([z.literal(''), address]),
  shape: z.strictObject({ deviceModel, smMilli: milli, requestMilli: milli, limitMilli: milli }).optional(),
})

const profiled = z.strictObject({
  deviceModel,
  batch: count.min(1),
  smMilli: milli,
  quotaMilli: milli,
  latencyMs: z.number().positive(),
})

const served = z.strictObject({
  id,
  name,
  slo: functionSlo,
  timeoutMs: count.min(1),
  queueMax: count,
  atMostOnce: z.boolean(),
  batchMax: count.min(1),
  instances: z.array(instance).max(10_000),
  absence: z.string().max(500).optional(),
  profile: z.array(profiled).max(10_000).optional(),
})

const stage = z.strictObject({
  name: z.string().min(1).max(200),
  function: z.string().max(200),
  after: z.array(z.string().max(200)).max(64),
  inputs: z.record(z.string().max(200), z.string().max(400)),
})

const pipeline = z.strictObject({
  id,
  name,
  stages: z.array(stage).min(1).max(64),
  slo: slo.nullable(),
  timeoutMs: count.min(1),
})

const routes = z
  .strictObject({
    revision: count,
    functions: z.array(served).max(10_000),
    pipelines: z.array(pipeline).max(10_000),
  })
  .superRefine(({ functions, pipelines }, context) => {
    const seen = new Set<string>()
    for (const { name: each } of [...functions, ...pipelines]) {
      if (seen.has(each)) context.addIssue({ code: 'custom', message: `${each} is there twice` })
      seen.add(each)
    }
  })

/** What is wrong with it, in one line, where it cannot be used. */
export function parseRoutes(text: string): { readonly routes: Routes } | { readonly wrong: string } {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch (error) {
    return { wrong: `it is no JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
  const parsed = routes.safeParse(given)
  if (parsed.success) return { routes: parsed.data }
  const { path, message } = parsed.error.issues[0]!
  return { wrong: `${path.map(String).join('.') || 'the file'}: ${message}` }
}

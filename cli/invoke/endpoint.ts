// Where a function or a pipeline is asked: a region's gateway, the first that there is unless one is named.
import type { GatewayEndpoint__Output } from '#proto/generated/cloudless/v1/GatewayEndpoint.ts'
import { present } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from '../config.ts'
import type { Context } from '../context.ts'
import type { Services } from '../services.ts'

export type Asked = 'function' | 'pipeline'

export type Target = {
  readonly kind: Asked
  readonly name: string
  /** host:port of its gateway's HTTP. */
  readonly address: string
  readonly region: string
  /** Null: as fast as it goes. */
  readonly sloMs: number | null
  readonly percentile: number
  readonly timeoutMs: number
}

const pipelineTimeoutMs = 30_000

/** The same, waiting a while for a gateway that has just begun. */
export async function awaitTarget(
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
  find: () => Promise<Target>,
): Promise<Target> {
  const endsAtMs = clock.monotonicMs() + waits.gatewayMs
  for (;;) {
    try {
      return await find()
    } catch (error) {
      const mayCome = error instanceof CloudlessError && error.reason === 'NO_GATEWAY'
      if (!mayCome || clock.monotonicMs() >= endsAtMs || signal.aborted) throw error
      await clock.sleep(waits.functionPollMs, signal)
    }
  }
}

/** `kind` null: a function of that name, or else a pipeline. */
export async function findTarget(
  services: Services,
  kind: Asked | null,
  name: string,
  region: string | undefined,
  signal: AbortSignal,
): Promise<Target> {
  if (kind === 'pipeline') return targetOfPipeline(services, name, region, signal)
  try {
    const found = present((await services.functions.getFunction({ name }, { signal })).function, `function ${name}`)
    const { endpoints, spec, reason } = found
    const timeoutMs = spec?.timeoutMs || pipelineTimeoutMs
    // Per token, or per request: what is measured here is requests.
    const slo = spec?.slo?.per === 'SLO_PER_TOKEN' ? null : (spec?.slo ?? null)
    return targetOf('function', name, endpoints, reason, region, slo, timeoutMs)
  } catch (error) {
    if (kind !== null || !(error instanceof CloudlessError) || error.kind !== 'not-found') throw error
    try {
      return await targetOfPipeline(services, name, region, signal)
    } catch (inner) {
      if (!(inner instanceof CloudlessError) || inner.kind !== 'not-found') throw inner
      const text = `there is neither a function nor a pipeline ${name}; \`cloudless function ls\` and \`cloudless pipeline ls\` show what there is`
      throw new CloudlessError('not-found', 'NOT_FOUND', text, { cause: inner })
    }
  }
}

async function targetOfPipeline(
  { pipelines }: Services,
  name: string,
  region: string | undefined,
  signal: AbortSignal,
): Promise<Target> {
  const found = present((await pipelines.getPipeline({ name }, { signal })).pipeline, `pipeline ${name}`)
  const { endpoints, reason, spec, state } = found
  // Its gateway may be there; its functions are not, and waiting for that is the deployer's.
  if (endpoints.length === 0 && state !== 'PIPELINE_STATE_READY')
    throw new CloudlessError('unavailable', 'NOT_READY', `pipeline ${name} is not ready: ${reason}`)
  return targetOf('pipeline', name, endpoints, reason, region, spec?.slo ?? null, pipelineTimeoutMs)
}

function targetOf(
  kind: Asked,
  name: string,
  endpoints: readonly GatewayEndpoint__Output[],
  reason: string,
  region: string | undefined,
  slo: { readonly latencyMs: number; readonly percentile: number } | null,
  timeoutMs: number,
): Target {
  const listening = endpoints.filter(({ http }) => http !== '')
  const found = listening.find((each) => region === undefined || each.region === region)
  if (found !== undefined) {
    const { http: address, region: where } = found
    return {
      kind,
      name,
      address,
      region: where,
      sloMs: slo?.latencyMs ?? null,
      percentile: slo?.percentile ?? 99,
      timeoutMs,
    }
  }
  const others = listening.map((each) => each.region).join(', ')
  const where = region === undefined ? 'in any region' : `in ${region}`
  const fix = others === '' ? `it is: ${reason}` : `it is asked in ${others}`
  throw new CloudlessError('unavailable', 'NO_GATEWAY', `no gateway answers for ${kind} ${name} ${where}; ${fix}`)
}

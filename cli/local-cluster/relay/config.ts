// Limits of the link relay, and the file that describes what it imitates.
import { z } from 'zod'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'

/** A link holds this much before it lets senders wait: what a router's buffer of this many milliseconds would hold. */
export const queueMs = 20
export const queueBytesMin = 256 * 1024

/** Bytes that a slow receiver may leave in the relay before the sender is made to wait. */
export const receiverBytesMax = 1024 * 1024

/** Connections at the same time through one region's listener. */
export const connectionsMax = 1_024

/** What opening a connection costs on the link in each direction. */
export const handshakeBytes = 64

/** One command to a running relay, as a line of JSON. */
export const commandBytesMax = 64 * 1024

const region = z.strictObject({
  region: z.string().min(1),
  /** The loopback address on which this region's servers listen; it tells where a connection goes. */
  host: z.ipv4(),
  /** Where this region's processes find their proxy; 0 or absent takes a free port. */
  port: z.int().min(0).max(65_535).default(0),
})

const link = z.strictObject({
  from: z.string().min(1),
  to: z.string().min(1),
  mbitPerSecond: z.number().positive(),
  roundTripMs: z.number().min(0),
})

const relayConfig = z.strictObject({
  regions: z.array(region).min(1).max(1_000),
  links: z.array(link).max(1_000_000),
  /** A Unix socket that takes the same commands as standard input. */
  controlSocket: z.string().min(1).optional(),
})

export type RelayConfig = z.infer<typeof relayConfig>
export type RelayLink = z.infer<typeof link>

export function parseRelayConfig(text: string, path: string): RelayConfig {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new CloudlessError('invalid', 'INVALID_CONFIG', `${path} is not JSON: ${messageOf(error)}`, { cause: error })
  }
  const parsed = relayConfig.safeParse(value)
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map((issue) => ({ field: `${path}: ${issue.path.join('.')}`, description: issue.message })),
      'INVALID_CONFIG',
    )
  }
  return checked(parsed.data, path)
}

function checked(config: RelayConfig, path: string): RelayConfig {
  const names = config.regions.map((entry) => entry.region)
  const hosts = config.regions.map((entry) => entry.host)
  const problems = [
    ...repeated(names).map((name) => ({ field: `${path}: regions`, description: `${name} is there twice` })),
    ...repeated(hosts).map((host) => ({ field: `${path}: regions`, description: `two regions have host ${host}` })),
    ...repeated(config.links.map(({ from, to }) => `${from} -> ${to}`)).map((pair) => ({
      field: `${path}: links`,
      description: `${pair} is there twice`,
    })),
  ]
  if (problems.length > 0) throw invalid(problems, 'INVALID_CONFIG')
  return config
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) !== at))]
}

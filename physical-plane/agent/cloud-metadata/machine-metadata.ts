// What a cloud tells a machine of itself, on an address that only the machine reaches: how it was bought, and when it will
// be taken away. Documented by each cloud; the addresses may be others, for tests and for proxies.
import type { Clock } from '#runtime/clock.ts'
import { invalid } from '#runtime/errors.ts'
import type { Purchase } from '../purchase.ts'
import { awsMetadata } from './aws.ts'
import { tencentMetadata } from './tencent.ts'

export interface MachineMetadata {
  /** What the cloud says; '' for what it does not. */
  purchase(): Promise<Purchase>
  /** When the machine will be taken away; null while nothing is announced. */
  endsAtMs(): Promise<number | null>
}

const clouds = {
  aws: { address: 'http://169.254.169.254', open: awsMetadata },
  tencent: { address: 'http://metadata.tencentyun.com', open: tencentMetadata },
} as const

/** `value`: "aws" or "tencent", or "aws@http://127.0.0.1:1338" where it is answered elsewhere. */
export function openMetadata(value: string, field: string, clock: Clock): MachineMetadata {
  const at = value.indexOf('@')
  const name = at === -1 ? value : value.slice(0, at)
  const cloud = Object.hasOwn(clouds, name) ? clouds[name as keyof typeof clouds] : null
  const address = at === -1 ? (cloud?.address ?? '') : value.slice(at + 1)
  const isAddress = URL.canParse(address) && new URL(address).protocol === 'http:'
  if (cloud !== null && isAddress) return cloud.open(address.replace(/\/+$/, ''), clock)
  const known = Object.keys(clouds).join(' or ')
  const description = `${JSON.stringify(value)} must be ${known}, or one of them with an address, such as aws@http://127.0.0.1:1338`
  throw invalid([{ field, description }])
}

// What a region says can be fetched from it. Its length must be the one that its codec gives, so that a receiver knows
// how much memory a payload takes before it asks for the first byte.
import type { Payload as WirePayload, Payload__Output } from '#proto/generated/cloudless/v1/Payload.ts'
import { encodedBytes } from '#proto/sync/encoded-bytes.ts'
import type { CodecName } from '#proto/sync/settings.ts'
import type { Payload } from '../rounds/types.ts'
import { payloadBytesMax, payloadElementsMax } from './config.ts'
import type { WireChecks } from './wire-checks.ts'

export type Lengths = { readonly least: number; readonly most: number }

export function encodePayload(payload: Payload): WirePayload {
  return { sha256: payload.sha256, bytes: payload.bytes, codec: payload.codec, elements: payload.elements }
}

/** `lengths` of an encoding that is not given by its codec and density; `density` where it is known. */
export function decodePayload(
  checks: WireChecks,
  field: string,
  wire: Payload__Output | null,
  options: { readonly density?: number; readonly lengths?: (elements: number) => Lengths } = {},
): Payload {
  if (wire === null) {
    checks.wrong(field, 'nothing', 'a payload')
    return { sha256: '', bytes: 0, codec: 'fp32', elements: 0 }
  }
  const isHash = /^[0-9a-f]{64}$/.test(wire.sha256)
  checks.that(isHash, `${field}.sha256`, wire.sha256, '64 lower-case hexadecimal digits')
  const codec = checks.codec(`${field}.codec`, wire.codec)
  const elements = checks.count(`${field}.elements`, wire.elements, 1, payloadElementsMax)
  const bytes = checks.count(`${field}.bytes`, wire.bytes, 1, payloadBytesMax)
  if (!checks.hasFailed) {
    const { least, most } = options.lengths?.(elements) ?? lengthsOf(codec, elements, options.density)
    const wanted = least === most ? `${least}` : `from ${least} to ${most}`
    const isLength = bytes >= least && bytes <= most
    checks.that(isLength, `${field}.bytes`, bytes, `${wanted}, the length of ${elements} elements as ${codec}`)
  }
  return { sha256: wire.sha256, bytes, codec, elements }
}

/** As null where the message has none. */
export function decodeOptionalPayload(checks: WireChecks, field: string, wire: Payload__Output | null): Payload | null {
  return wire === null ? null : decodePayload(checks, field, wire)
}

function lengthsOf(codec: CodecName, elements: number, density: number | undefined): Lengths {
  return {
    least: encodedBytes(codec, elements, density ?? 0),
    most: encodedBytes(codec, elements, density ?? 1),
  }
}

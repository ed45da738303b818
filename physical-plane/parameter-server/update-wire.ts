// Updates between our types and the contract's. What a peer sends is checked here, once.
import type { UpdateHeader as WireHeader, UpdateHeader__Output } from '#proto/generated/cloudless/v1/UpdateHeader.ts'
import type { UpdateKind as WireKind } from '#proto/generated/cloudless/v1/UpdateKind.ts'
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import { payloadBytesMax } from './config.ts'
import { decodeLayout, encodeLayout } from './replica/layout.ts'
import type { UpdateHeader, UpdateKind } from './sync/update.ts'

const wireKinds: Readonly<Record<UpdateKind, WireKind & string>> = {
  initial: 'UPDATE_KIND_INITIAL',
  gradient: 'UPDATE_KIND_GRADIENT',
  delta: 'UPDATE_KIND_DELTA',
  model: 'UPDATE_KIND_MODEL',
  mass: 'UPDATE_KIND_MASS',
  drained: 'UPDATE_KIND_DRAINED',
  final: 'UPDATE_KIND_FINAL',
}

/** The header as `region` gets it: an update that is for another has no payload. */
export function encodeHeader(header: UpdateHeader, region: string): WireHeader {
  const isForRegion = header.targetRegion === '' || header.targetRegion === region
  return {
    ...header,
    kind: wireKinds[header.kind],
    learningRates: [...header.learningRates],
    basis: { ...header.basis },
    payloadBytes: isForRegion ? header.payloadBytes : 0,
    payloadSha256: isForRegion ? header.payloadSha256 : '',
    layout: header.layout === null ? null : encodeLayout(header.layout),
  }
}

export function decodeHeader(wire: UpdateHeader__Output): UpdateHeader {
  const kind = (Object.keys(wireKinds) as UpdateKind[]).find((name) => wireKinds[name] === wire.kind)
  const violations: FieldViolation[] = []
  const check = (field: keyof UpdateHeader__Output, isGood: boolean, wanted: string): void => {
    if (!isGood)
      violations.push({ field: `header.${field}`, description: `${JSON.stringify(wire[field])} must be ${wanted}` })
  }
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
  check('kind', kind !== undefined, 'a known kind of update')
  check('seq', isCount(wire.seq) && wire.seq > 0, 'a whole number from 1')
  check('round', isCount(wire.round), 'a whole number')
  check('steps', isCount(wire.steps), 'a whole number')
  check('samples', isCount(wire.samples), 'a whole number')
  check('mass', Number.isFinite(wire.mass) && wire.mass >= 0, 'a finite number of 0 or more')
  check('learningRates', wire.learningRates.every(Number.isFinite), 'finite numbers')
  const isLength = isCount(wire.payloadBytes) && wire.payloadBytes % 4 === 0 && wire.payloadBytes <= payloadBytesMax
  check('payloadBytes', isLength, `a multiple of 4 up to ${payloadBytesMax}`)
  if (kind === undefined || violations.length > 0) throw invalid(violations)
  return { ...wire, kind, layout: wire.layout === null ? null : decodeLayout(wire.layout) }
}

/** Bytes of an encoded header, to within its few variable-length numbers; for the count of bytes on the wire. */
export function headerBytes(header: UpdateHeader): number {
  const text = (value: string): number => 2 + Buffer.byteLength(value)
  const number = 1 + 5
  const basis = Object.keys(header.basis).reduce((sum, region) => sum + 2 + text(region) + number, 0)
  const tensors = header.layout?.tensors ?? []
  const layout = tensors.reduce((sum, tensor) => sum + 4 * number + text(tensor.name) + text(tensor.dtype), 0)
  const texts = text(header.region) + text(header.targetRegion) + text(header.payloadSha256)
  return texts + 7 * number + 9 * header.learningRates.length + basis + layout
}

/** Bytes that a chunk adds to its data: tags, seq, offset, length and CRC-32. */
export const chunkOverheadBytes = 24

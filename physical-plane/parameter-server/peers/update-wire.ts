// Headers of updates between our types and the contract's. What a peer sends is checked here, once, so that everything
// behind it deals with plain data of known bounds.
import type { UpdateHeader as WireHeader, UpdateHeader__Output } from '#proto/generated/cloudless/v1/UpdateHeader.ts'
import type { UpdateKind as WireKind } from '#proto/generated/cloudless/v1/UpdateKind.ts'
import type { Members } from '../members.ts'
import { parameterGroupsMax } from '../replica/config.ts'
import { decodeLayout, elementCount, encodeLayout } from '../replica/layout.ts'
import type { Payload } from '../rounds/types.ts'
import { significantBytesMax, type UpdateHeader, type UpdateKind } from '../sync/update.ts'
import { float32Max } from './config.ts'
import { decodePayload, encodePayload, type Lengths } from './payload-wire.ts'
import { WireChecks } from './wire-checks.ts'

const wireKinds: Readonly<Record<UpdateKind, WireKind & string>> = {
  initial: 'UPDATE_KIND_INITIAL',
  gradient: 'UPDATE_KIND_GRADIENT',
  delta: 'UPDATE_KIND_DELTA',
  significant: 'UPDATE_KIND_SIGNIFICANT',
  mass: 'UPDATE_KIND_MASS',
}

/** The header as `region` gets it: an update that is for another has no payload. */
export function encodeHeader(header: UpdateHeader, region: string): WireHeader {
  const { payload, layout } = header
  return {
    region: header.region,
    seq: header.seq,
    kind: wireKinds[header.kind],
    round: header.round,
    steps: header.steps,
    samples: header.samples,
    learningRates: [...header.learningRates],
    basis: { ...header.basis },
    mass: header.mass,
    targetRegion: header.targetRegion,
    payload: payload === null || !isFor(header.targetRegion, region) ? null : encodePayload(payload),
    cursor: Buffer.from(header.cursor),
    codecError: header.codecError,
    layout: layout === null ? null : encodeLayout(layout),
  }
}

/** The header that `from` sent to `own`, or an `invalid` error that names each wrong field under `header`. */
export function decodeHeader(
  wire: UpdateHeader__Output,
  from: string,
  own: string,
  members: Pick<Members, 'all' | 'has'>,
): UpdateHeader {
  const checks = new WireChecks(members)
  const kind = (Object.keys(wireKinds) as UpdateKind[]).find((name) => wireKinds[name] === wire.kind)
  checks.that(kind !== undefined, 'header.kind', wire.kind, `one of ${Object.values(wireKinds).join(', ')}`)
  checks.that(wire.region === from, 'header.region', wire.region, `${from}, the region that sent it`)
  if (checks.list('header.learningRates', wire.learningRates, parameterGroupsMax)) {
    for (const [at, rate] of wire.learningRates.entries())
      checks.amount(`header.learningRates[${at}]`, rate, float32Max)
  }
  const header: UpdateHeader = {
    region: wire.region,
    seq: checks.count('header.seq', wire.seq, 1),
    kind: kind ?? 'gradient',
    round: checks.count('header.round', wire.round),
    steps: checks.count('header.steps', wire.steps),
    samples: checks.count('header.samples', wire.samples),
    learningRates: [...wire.learningRates],
    basis: checks.byRegion('header.basis', wire.basis, (field, seq) => checks.count(field, seq)),
    mass: checks.amount('header.mass', wire.mass, 1),
    targetRegion: checks.regionOrNone('header.targetRegion', wire.targetRegion),
    payload: payloadOf(checks, wire, kind, own),
    cursor: checks.utf8('header.cursor', wire.cursor),
    codecError: checks.amount('header.codecError', wire.codecError),
    layout: wire.layout === null ? null : checks.nested('header', () => decodeLayout(wire.layout)),
  }
  checkLayout(checks, header)
  checks.done()
  return header
}

/** The first parameters are all of the model, as it is. */
function checkLayout(checks: WireChecks, { kind, layout, payload }: UpdateHeader): void {
  if (checks.hasFailed) return
  const isInitial = kind === 'initial'
  checks.fact((layout !== null) === isInitial, 'header.layout', kind, 'there for the first parameters only')
  if (layout === null || payload === null) return
  const elements = elementCount(layout)
  const field = 'header.payload'
  checks.that(payload.elements === elements, `${field}.elements`, payload.elements, `${elements}, those of its layout`)
  checks.that(payload.codec === 'fp32', `${field}.codec`, payload.codec, 'fp32, for the first parameters are exact')
}

function payloadOf(
  checks: WireChecks,
  wire: UpdateHeader__Output,
  kind: UpdateKind | undefined,
  own: string,
): Payload | null {
  if (isFor(wire.targetRegion, own)) {
    const lengths = kind === 'significant' ? significantLengths : undefined
    return decodePayload(checks, 'header.payload', wire.payload, lengths === undefined ? {} : { lengths })
  }
  checks.fact(wire.payload === null, 'header.payload', 'a payload', 'absent: there is nothing in it for this region')
  return null
}

function significantLengths(elements: number): Lengths {
  return { least: 1, most: significantBytesMax(elements) }
}

function isFor(targetRegion: string, region: string): boolean {
  return targetRegion === '' || targetRegion === region
}

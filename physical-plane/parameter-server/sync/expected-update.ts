// What a region may be told by its peers: the kind of update and a codec that its own strategy would use, too. Anything
// else comes from a region that runs another job file, and can not be understood.
import type { CodecName } from '#proto/sync/settings.ts'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import type { Replica } from '../replica/replica.ts'
import type { UpdateHeader, UpdateKind } from './update.ts'
import type { UpdateStrategy } from './update-strategy.ts'

export type ExpectedUpdate = {
  readonly kind: UpdateKind
  readonly codecs: readonly CodecName[]
  /** Parameter groups, each with a rate, where sums of gradients are told. */
  readonly groups: number
}

/** Throws `invalid` where it is anything else; answers the codec that its payload is in. */
export function expectUpdate(
  { region, kind, payload, learningRates }: UpdateHeader,
  { kind: expected, codecs, groups }: ExpectedUpdate,
): CodecName {
  if (kind !== expected) throw strategyDiffers(region, 'kind', `a ${kind} update`, `${expected} is exchanged`)
  const codec = codecs.find((name) => name === payload?.codec)
  if (codec === undefined) {
    throw strategyDiffers(region, 'payload.codec', payload?.codec ?? 'nothing', `${codecs.join(' or ')} is exchanged`)
  }
  if (kind === 'gradient' && learningRates.length !== groups) {
    const found = `${learningRates.length} learning rates`
    throw strategyDiffers(region, 'learningRates', found, `the model has ${groups} parameter groups`)
  }
  return codec
}

/** Why nothing in the update can be used, as its header shows; null where nothing does. */
export function objectionTo(
  header: UpdateHeader,
  strategy: Pick<UpdateStrategy, 'expects'>,
  { elementCount }: Pick<Replica, 'elementCount'>,
): CloudlessError | null {
  const elements = header.payload?.elements ?? 0
  if (elements !== elementCount) {
    const fix = 'let one function build the same model in every region'
    const description = `it has ${elements} elements where the model has ${elementCount}; ${fix}`
    return invalid([{ field: 'header.payload.elements', description }], 'LAYOUT_DIFFERS')
  }
  try {
    strategy.expects(header)
    return null
  } catch (error) {
    if (error instanceof CloudlessError && error.kind === 'invalid') return error
    throw error
  }
}

export function unexpectedInitial(region: string): CloudlessError {
  const description = `initial must come from the root; region ${region} may not give the first parameters`
  return invalid([{ field: 'header.kind', description }], 'UNEXPECTED_INITIAL')
}

/** `field` is that of the header. */
export function strategyDiffers(region: string, field: string, found: string, wanted: string): CloudlessError {
  const text = `region ${region} sends ${found} where ${wanted}; run one job file and one version of cloudless everywhere`
  const violations = [{ field: `header.${field}`, description: text }]
  return new CloudlessError('invalid', 'STRATEGY_DIFFERS', text, { violations })
}

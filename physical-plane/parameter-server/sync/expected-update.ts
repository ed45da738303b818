// What a region may be told by its peers: the kind of update and the codec that its own strategy would use, too. Anything
// else comes from a region that runs another job file, and can not be understood.
import type { CodecName } from '#proto/sync/settings.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { UpdateHeader, UpdateKind } from './update.ts'

export type ExpectedUpdate = {
  readonly kind: UpdateKind
  readonly codec: CodecName
  /** Parameter groups, each with a rate, where sums of gradients are told. */
  readonly groups: number
}

export function expectUpdate({ region, kind, payload, learningRates }: UpdateHeader, expected: ExpectedUpdate): void {
  const refuse = (found: string, wanted: string): never => {
    throw new CloudlessError('invalid', 'STRATEGY_DIFFERS', `region ${region} sends ${found} where ${wanted}`)
  }
  if (kind !== expected.kind) refuse(`a ${kind} update`, `${expected.kind} is exchanged`)
  if (payload?.codec !== expected.codec) refuse(payload?.codec ?? 'nothing', `${expected.codec} is exchanged`)
  if (kind === 'gradient' && learningRates.length !== expected.groups) {
    refuse(`${learningRates.length} learning rates`, `the model has ${expected.groups} parameter groups`)
  }
}

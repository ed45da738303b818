// Regions that meet in rounds tell each other nothing in between.
import { CloudlessError } from '#runtime/errors.ts'
import { strategyDiffers } from './expected-update.ts'
import type { SyncContext, UpdateStrategy } from './update-strategy.ts'
import type { UpdateHeader } from './update.ts'

export function roundsOnly({ dataShare }: SyncContext): UpdateStrategy {
  return {
    rateScale: 1,
    bufferWeight: 1,
    finalMass: dataShare,
    start: () => {},
    stepped: () => {},
    isDue: () => false,
    prepare: () => Promise.reject(new CloudlessError('internal', 'NOTHING_TO_TELL', 'rounds tell everything')),
    sealed: () => {},
    receive: () => ({ isApplied: false, stalenessSteps: 0 }),
    expects: (header) => {
      throw unexpected(header)
    },
    decodes: (header) => Promise.reject(unexpected(header)),
    takeUntoldFrom: () => {},
    rebase: () => {},
    save: () => ({ state: null, vectors: {} }),
    restore: () => {},
  }
}

function unexpected({ region, kind }: UpdateHeader): CloudlessError {
  return strategyDiffers(region, 'kind', `a ${kind} update`, 'regions meet in rounds')
}

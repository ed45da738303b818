// Regions that meet in rounds tell each other nothing in between.
import { CloudlessError } from '#runtime/errors.ts'
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
    receive: () => {},
    decodes: ({ region, kind }: UpdateHeader) => {
      const text = `region ${region} sends a ${kind} update where regions meet in rounds`
      return Promise.reject(new CloudlessError('invalid', 'STRATEGY_DIFFERS', text))
    },
    takeUntoldFrom: () => {},
    rebase: () => {},
    save: () => ({ state: null, vectors: {} }),
    restore: () => {},
  }
}

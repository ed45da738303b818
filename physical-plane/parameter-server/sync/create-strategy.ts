// From a strategy's parts to what does them. Named strategies are compositions, as data, in proto/sync/strategies/; a new
// composition of these parts needs no code here.
import type { Parts } from '#proto/sync/strategy.ts'
import { AccumulatedUpdates } from './accumulated-updates.ts'
import { PushSum } from './push-sum.ts'
import { roundsOnly } from './rounds-only.ts'
import type { SyncContext, UpdateStrategy } from './update-strategy.ts'
import { tellAll, tellSignificant } from './what/telling.ts'

export function createStrategy({ what, membership }: Parts, context: SyncContext): UpdateStrategy {
  if (membership === 'rounds') return roundsOnly(context)
  const { settings, memory } = context
  switch (what) {
    case 'changes':
      return new AccumulatedUpdates(context, () => tellAll(settings, memory))
    case 'significant-changes':
      return new AccumulatedUpdates(context, (exchanges) => tellSignificant(settings, exchanges, memory))
    case 'delta':
    case 'model':
      return new PushSum(context)
  }
}

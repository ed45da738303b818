// From a strategy's parts to what does them. Named strategies are compositions, as data, in proto/sync/strategies/; a new
// composition of these parts needs no code here.
import { impossiblePairs } from '#proto/sync/check-parts.ts'
import type { Parts } from '#proto/sync/strategy.ts'
import { assert } from '#runtime/assert.ts'
import { invalid } from '#runtime/errors.ts'
import { AccumulatedUpdates } from './accumulated-updates.ts'
import { PushSum } from './push-sum.ts'
import { roundsOnly } from './rounds-only.ts'
import type { SyncContext, UpdateStrategy } from './update-strategy.ts'
import { tellAll, tellSignificant } from './what/telling.ts'

export function createStrategy(parts: Parts, context: SyncContext): UpdateStrategy {
  const { settings, memory } = context
  expectPossible(settings.strategy, parts)
  const { what, membership } = parts
  if (membership === 'rounds') return roundsOnly(context)
  switch (what) {
    case 'changes':
      return new AccumulatedUpdates(context, () => tellAll(settings, memory))
    case 'significant-changes':
      return new AccumulatedUpdates(context, (exchanges) => tellSignificant(settings, exchanges, memory))
    case 'model':
      return new PushSum(context)
    case 'delta':
      assert(false, 'only rounds apply a delta')
  }
}

/** Settings are checked where they come in; this is for parts that were put together here. */
function expectPossible(strategyName: string, given: Parts): void {
  const violations = impossiblePairs(given).map(({ parts: [part], description }) => {
    return { field: `${strategyName}.parts.${part}`, description }
  })
  if (violations.length > 0) throw invalid(violations, 'IMPOSSIBLE_STRATEGY')
}

import { describe, expect, test } from 'vitest'
import { impossiblePairs } from './check-parts.ts'
import { options } from './options.ts'
import { resolveSync } from './resolve-sync.ts'
import { strategies } from './strategies.ts'
import type { Parts, Strategy } from './strategy.ts'

const outer: Parts = {
  when: 'fixed-interval',
  what: 'delta',
  codec: 'error-feedback',
  apply: 'outer-nesterov',
  membership: 'rounds',
  isOverlapped: true,
}
const pairsOf = (change: Partial<Parts>): string[] =>
  impossiblePairs({ ...outer, ...change }).map(({ parts }) => parts.join(' '))

describe('parts that can not go together', () => {
  test.each([...strategies.values()])('are in none of $name, whatever codec and mode it is given', (strategy) => {
    const { defaults, limits = {} } = strategy
    const choicesOf = (name: 'codec' | 'mode'): readonly string[] => {
      const { domain } = options[name]
      const limit = limits[name]
      if (!Object.hasOwn(defaults, name) || domain.kind !== 'choice') return ['']
      return limit === undefined || 'min' in limit ? domain.choices : limit
    }
    for (const codec of choicesOf('codec')) {
      for (const mode of choicesOf('mode')) {
        const { settings, violations } = resolveSync({ strategy: strategy.name, codec, mode }, { regions: 3 })
        expect([violations, impossiblePairs(strategy.parts(settings))]).toEqual([[], []])
      }
    }
  })

  test.each<[Partial<Parts>, readonly string[]]>([
    [{ apply: 'mean' }, ['apply what']],
    [{ apply: 'mean', what: 'model' }, ['what codec']],
    [{ apply: 'mean', what: 'model', codec: 'exact' }, []],
    [{ apply: 'mass-mean', what: 'model', codec: 'exact' }, ['apply membership']],
    [{ apply: 'add' }, ['apply what', 'apply membership']],
    [{ apply: 'add', what: 'significant-changes', membership: 'independent' }, []],
    [{ what: 'changes' }, ['apply what']],
    [{ membership: 'independent' }, ['apply membership']],
    [{ membership: 'independent', what: 'changes', apply: 'add', when: 'adaptive-interval' }, ['when membership']],
    [{ when: 'adaptive-interval', codec: 'exact' }, ['when codec']],
    [{ when: 'adaptive-interval', isOverlapped: false, apply: 'outer-delayed-nesterov' }, []],
  ])('%o: %o', (change, pairs) => {
    expect(pairsOf(change)).toEqual(pairs)
  })

  test('are named with the reason and the fix', () => {
    expect(impossiblePairs({ ...outer, apply: 'mean' }).map(({ description }) => description)).toEqual([
      'apply mean can not go with what delta: the mean of the regions takes the place of the model; use what model',
    ])
  })

  test('make no settings: a job with such a strategy is refused', () => {
    const mine: Strategy = {
      name: 'mine',
      summary: 'the mean of deltas',
      defaults: { interval: 4 },
      parts: () => ({ ...outer, apply: 'mean' }),
    }
    const { violations } = resolveSync({ strategy: 'mine' }, { regions: 2, strategies: new Map([['mine', mine]]) })
    expect(violations).toEqual([
      { field: 'strategy', description: expect.stringContaining('apply mean can not go with what delta') },
    ])
  })
})

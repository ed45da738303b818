import { describe, expect, test } from 'vitest'
import { optionNames, options } from './options.ts'
import { resolveSync } from './resolve-sync.ts'
import { defaultStrategy, strategies } from './strategies.ts'
import type { OptionName } from './strategy.ts'

const partsOf = (strategy: string, given: object = {}) =>
  strategies.get(strategy)!.parts(resolveSync({ strategy, ...given }, { regions: 3 }).settings)

describe('the strategies', () => {
  test('are in the map by their names, the default too', () => {
    expect([...strategies].every(([name, strategy]) => name === strategy.name)).toBe(true)
    expect(strategies.has(defaultStrategy)).toBe(true)
  })

  test.each([...strategies.values()])('$name has defaults that its own parts and limits allow', (strategy) => {
    const offered = optionNames.filter((name) => Object.hasOwn(strategy.defaults, name))
    expect(offered).toEqual(expect.arrayContaining(Object.keys(strategy.limits ?? {})))
    const choicesOf = (name: OptionName): readonly string[] => {
      const limit = strategy.limits?.[name]
      const { domain } = options[name]
      if (domain.kind !== 'choice') return []
      return limit === undefined || 'min' in limit ? domain.choices : limit
    }
    const worded = offered.filter((name) => options[name].domain.kind === 'choice')
    expect(worded.filter((name) => !choicesOf(name).includes(String(strategy.defaults[name])))).toEqual([])
    for (const name of Object.keys(strategy.defaultsFor?.(3) ?? {}))
      expect(Object.keys(strategy.defaults)).toContain(name)
  })

  test('compose what their names say', () => {
    expect(partsOf('asgd')).toMatchObject({ what: 'changes', apply: 'add', membership: 'independent' })
    // Steps that are put together are what makes the difference.
    expect(partsOf('asgd-ga')).toEqual({ ...partsOf('asgd'), isOverlapped: true })
    expect(partsOf('asp')).toMatchObject({ what: 'significant-changes', apply: 'add', membership: 'independent' })
    expect(partsOf('model-averaging')).toMatchObject({
      what: 'model',
      codec: 'exact',
      apply: 'mean',
      membership: 'rounds',
      isOverlapped: false,
    })
    expect(partsOf('model-averaging', { mode: 'asynchronous' })).toMatchObject({
      apply: 'mass-mean',
      membership: 'independent',
    })
    expect(partsOf('diloco')).toMatchObject({
      what: 'delta',
      apply: 'outer-nesterov',
      membership: 'rounds',
      isOverlapped: false,
    })
    expect(partsOf('diloco', { codec: 'sparse-loco' })).toMatchObject({ apply: 'sparse-mean' })
    expect(partsOf('streaming-diloco')).toMatchObject({
      when: 'fixed-interval',
      apply: 'outer-nesterov',
      isOverlapped: true,
    })
    expect(partsOf('hierarchical')).toMatchObject({
      apply: 'outer-delayed-nesterov',
      membership: 'rounds',
      isOverlapped: true,
    })
    expect(partsOf('auto')).toEqual({ ...partsOf('streaming-diloco'), when: 'adaptive-interval' })
  })

  test('never compress a model itself', () => {
    const sending = [...strategies.values()].filter(({ name }) =>
      ['synchronous', 'asynchronous'].every((mode) => partsOf(name, { mode }).what === 'model'),
    )
    expect(sending.map(({ name }) => name)).toEqual(['model-averaging'])
    expect(sending.filter(({ defaults }) => Object.hasOwn(defaults, 'codec'))).toEqual([])
  })
})

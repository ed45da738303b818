import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SyncSpec } from '../generated/cloudless/v1/SyncSpec.ts'
import type { SyncSpec__Output } from '../generated/cloudless/v1/SyncSpec.ts'
import { messageDefinition } from '../rpc/load.ts'
import { encodeSync } from './encode-sync.ts'
import { optionNames, options } from './options.ts'
import { defaultsOf, resolveSync, violationsOf, type GivenSync } from './resolve-sync.ts'
import { strategies } from './strategies.ts'
import type { OptionName } from './strategy.ts'

const names = [...strategies.keys()]
const wire = messageDefinition<SyncSpec, SyncSpec__Output>('cloudless.v1.SyncSpec')
const overTheWire = (spec: SyncSpec): SyncSpec__Output => wire.deserialize(wire.serialize(spec))
const refusals = (given: GivenSync, regions = 3) => resolveSync(given, { regions }).violations
const fields = (given: GivenSync, regions = 3) => refusals(given, regions).map(({ field }) => field)

/** Values that the option's own row allows. */
function allowed(name: OptionName): fc.Arbitrary<string | number> {
  const { domain } = options[name]
  if (domain.kind === 'choice') return fc.constantFrom(...domain.choices)
  const { min, max, isMinOpen = false, isMaxOpen = false } = domain
  if (domain.kind === 'whole')
    return fc.oneof(fc.integer({ min, max }), fc.integer({ min, max: Math.min(max, min + 8) }))
  return fc.double({ min, max, minExcluded: isMinOpen, maxExcluded: isMaxOpen, noNaN: true })
}

/** What a job file may say: each option or not. */
const anything = fc
  .record(Object.fromEntries(optionNames.map((name) => [name, allowed(name)])), { requiredKeys: [] })
  .chain((values) => fc.constantFrom(...names).map((strategy): GivenSync => ({ strategy, ...values })))

/** Only options that the strategy offers. */
const offered = fc.constantFrom(...strategies.values()).chain(({ name, defaults }) => {
  const own = optionNames.filter((option) => Object.hasOwn(defaults, option))
  const values = fc.record(Object.fromEntries(own.map((option) => [option, allowed(option)])), { requiredKeys: [] })
  return values.map((given): GivenSync => ({ strategy: name, ...given }))
})

describe('what is left out', () => {
  test.each(names)('%s needs no option', (strategy) => {
    for (const regions of [1, 2, 3, 20]) expect(refusals({ strategy }, regions)).toEqual([])
  })

  test('is auto, with an interval that the links decide', () => {
    const { settings, violations } = resolveSync({}, { regions: 3 })
    expect(violations).toEqual([])
    expect(settings).toMatchObject({
      strategy: 'auto',
      interval: 0,
      codec: 'int8',
      fragments: 4,
      merge: 'rebase',
      quorum: 0,
    })
    expect(settings).toMatchObject({ outerLearningRate: null, outerMomentum: null, utilisation: 0.95, late: 'carry' })
    expect(resolveSync({ strategy: '' }, { regions: 3 }).settings).toEqual(settings)
    expect(resolveSync({ strategy: null }, { regions: 3 }).settings).toEqual(settings)
    expect(resolveSync(overTheWire({}), { regions: 3 }).settings).toEqual(settings)
  })

  test('is what the published runs had', () => {
    const of = (strategy: string) => resolveSync({ strategy }, { regions: 4 }).settings
    expect(of('asgd')).toMatchObject({ interval: 1, mode: 'sum', codec: 'fp32' })
    expect(of('asgd-ga')).toMatchObject({ interval: 8, mode: 'sum', codec: 'fp32' })
    expect(of('model-averaging')).toMatchObject({ interval: 16, mode: 'synchronous', codec: 'fp32' })
    expect(of('diloco')).toMatchObject({ interval: 100, codec: 'int8', fragments: 1 })
    expect(of('asp')).toMatchObject({ significance: 0.01 })
    expect(of('hierarchical')).toMatchObject({ outerMomentum: 0.5, outerDelay: 2, quorum: 1, graceMaxMs: 0 })
  })

  test.each([1, 2, 4, 7])('hierarchical lets the mean of %i regions through', (regions) => {
    const { outerLearningRate, outerMomentum, outerDelay } = resolveSync(
      { strategy: 'hierarchical' },
      { regions },
    ).settings
    const perCommit = outerLearningRate! / (outerDelay * (1 - outerMomentum!))
    expect(perCommit * regions).toBeCloseTo(1)
  })
})

describe('what is given', () => {
  test('counts, 0 too where the wire can tell it from unset', () => {
    const { settings } = resolveSync(
      overTheWire({ strategy: 'streaming-diloco', merge: 'mix', mergeWeight: 0, outerMomentum: 0, interval: 12 }),
      { regions: 2 },
    )
    expect(settings).toMatchObject({
      merge: 'mix',
      mergeWeight: 0,
      outerMomentum: 0,
      outerLearningRate: null,
      interval: 12,
    })
  })

  test('goes over the wire and comes back the same', () => {
    let usable = 0
    fc.assert(
      fc.property(offered, fc.integer({ min: 1, max: 6 }), (given, regions) => {
        const { settings, violations } = resolveSync(given, { regions })
        if (violations.length > 0) return
        usable++
        expect(violationsOf(settings, { regions })).toEqual([])
        expect(resolveSync(overTheWire(encodeSync(settings, { regions })), { regions })).toEqual({
          settings,
          violations,
        })
      }),
      { numRuns: 600 },
    )
    expect(usable).toBeGreaterThan(50)
  })

  test('is whole, or said to be wrong: nothing else changes', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const { settings, violations } = resolveSync(given, { regions: 3 })
        for (const name of optionNames) {
          const value = given[name]
          const isUnset = value === undefined || (options[name].hasPresence !== true && (value === 0 || value === ''))
          const expected = isUnset ? defaultsOf(String(given.strategy), { regions: 3 })[name] : value
          expect(settings[name]).toBe(expected)
        }
        const known = new Set<string>(optionNames.map((name) => options[name].wireName))
        expect(violations.every(({ field }) => known.has(field))).toBe(true)
      }),
    )
  })

  test('of any length and size is answered, in short', () => {
    const value = fc.oneof(fc.string({ maxLength: 3000 }), fc.double())
    const values = fc.record(Object.fromEntries(optionNames.map((name) => [name, value])), { requiredKeys: [] })
    const strategy = fc.oneof(fc.constantFrom(...names, 'constructor', '__proto__'), fc.string({ maxLength: 3000 }))
    fc.assert(
      fc.property(strategy, values, (name, given) => {
        const { violations } = resolveSync({ ...given, strategy: name }, { regions: 2 })
        expect(violations.every(({ field, description }) => field !== '' && description.length < 400)).toBe(true)
        expect(violations.some(({ field }) => field === 'strategy')).toBe(name !== '' && !strategies.has(name))
      }),
    )
  })
})

/** A job in which the option means something. */
const meaningful: { readonly [Name in OptionName]: GivenSync } = {
  interval: { strategy: 'asgd-ga' },
  intervalMin: { strategy: 'auto', fragments: 1, intervalMax: 100_000 },
  intervalMax: { strategy: 'auto', fragments: 1, intervalMin: 1 },
  mode: { strategy: 'asgd' },
  codec: { strategy: 'diloco' },
  density: { strategy: 'diloco', codec: 'top-k' },
  feedbackDecay: { strategy: 'diloco', codec: 'sparse-loco' },
  fragments: { strategy: 'streaming-diloco' },
  merge: { strategy: 'streaming-diloco' },
  mergeWeight: { strategy: 'streaming-diloco', merge: 'mix' },
  outerLearningRate: { strategy: 'diloco', codec: 'sparse-loco' },
  outerMomentum: { strategy: 'diloco' },
  outerDelay: { strategy: 'hierarchical' },
  quorum: { strategy: 'diloco' },
  graceMinMs: { strategy: 'diloco', graceMaxMs: 3_600_000 },
  graceMaxMs: { strategy: 'hierarchical' },
  late: { strategy: 'diloco' },
  delayCompensation: { strategy: 'asgd-ga' },
  stalenessExponent: { strategy: 'asgd-ga' },
  stalenessMax: { strategy: 'asgd-ga' },
  pacing: { strategy: 'diloco' },
  utilisation: { strategy: 'auto' },
  significance: { strategy: 'asp' },
}

describe.each(optionNames)('%s', (name) => {
  const { domain, wireName } = options[name]
  const at = (value: unknown) => refusals({ ...meaningful[name], [name]: value as number }, 1_000)

  test('is called on the wire as here', () => {
    const message = wire.type as { readonly field: readonly { readonly name: string }[] }
    expect(message.field.map((field) => field.name)).toContain(name)
    expect(wireName).toBe(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
  })

  test('is refused outside of its values, with field, value and what to use', () => {
    const wrong: readonly unknown[] =
      domain.kind === 'choice'
        ? ['no-such', 'constructor', 7, Number.NaN, true]
        : [
            Number.NaN,
            Number.POSITIVE_INFINITY,
            Number.NEGATIVE_INFINITY,
            domain.max + 1,
            domain.min - 1,
            String(domain.max),
            ...(domain.kind === 'whole' ? [domain.min + 0.5] : []),
            ...(domain.isMaxOpen === true ? [domain.max] : []),
            ...(domain.isMinOpen === true && domain.min !== 0 ? [domain.min] : []),
          ]
    for (const value of wrong) {
      // On the wire 0 is unset, unless it has presence.
      if (value === 0 && options[name].hasPresence !== true) continue
      const found = at(value)
      expect(found.map(({ field }) => field)).toEqual([wireName])
      expect(found[0]!.description).toContain(String(value))
      expect(found[0]!.description).toContain('use ')
    }
  })

  test('is taken at its bounds', () => {
    const right =
      domain.kind === 'choice'
        ? domain.choices.filter((choice) => name !== 'mode' || ['sum', 'mean'].includes(choice))
        : [
            domain.isMinOpen === true ? domain.min + 1e-9 : domain.min,
            domain.isMaxOpen === true ? domain.max - 1e-9 : domain.max,
          ]
    for (const value of right) expect(at(value)).toEqual([])
  })

  test('is refused by every strategy that does not offer it, though it says what would be so anyway', () => {
    for (const { name: strategy, defaults } of strategies.values()) {
      if (Object.hasOwn(defaults, name)) continue
      const value = options[name].neutral === null || options[name].neutral === 0 ? 1 : options[name].neutral
      const [violation] = refusals({ strategy, [name]: value === '' ? 'sum' : value })
      expect(violation).toMatchObject({ field: wireName })
      expect(violation!.description).toContain(`no option of ${strategy}`)
    }
  })

  test('0 means its default, where the wire can not tell it from unset', () => {
    if (options[name].hasPresence === true || domain.kind === 'choice' || domain.min > 0 || domain.isMinOpen === true)
      return
    for (const { defaults } of strategies.values()) expect([0, undefined]).toContain(defaults[name])
  })
})

describe('what means nothing beside the others, or contradicts them', () => {
  test.each<[string, GivenSync, string, string]>([
    ['a merge weight without mix', { mergeWeight: 0.5 }, 'merge_weight', 'only with merge mix'],
    ['a density of a dense codec', { strategy: 'diloco', density: 0.01 }, 'density', 'top-k or sparse-loco'],
    [
      'a quorum of gossip',
      { strategy: 'model-averaging', mode: 'asynchronous', quorum: 1 },
      'quorum',
      'meet in rounds',
    ],
    [
      'pacing of gossip',
      { strategy: 'model-averaging', mode: 'asynchronous', pacing: 'even' },
      'pacing',
      'meet in rounds',
    ],
    [
      'outer momentum of sparse-loco',
      { strategy: 'diloco', codec: 'sparse-loco', outerMomentum: 0.9 },
      'outer_momentum',
      'error feedback',
    ],
    [
      'sparse-loco with delayed momentum',
      { strategy: 'hierarchical', codec: 'sparse-loco' },
      'codec',
      'with hierarchical',
    ],
    ['sparse-loco under the ladder', { codec: 'sparse-loco' }, 'codec', 'with auto'],
    ['asgd with more than one step', { strategy: 'asgd', interval: 8 }, 'interval', 'use 1, or another strategy'],
    ['a mode of other strategies', { strategy: 'asgd', mode: 'synchronous' }, 'mode', 'use sum or mean'],
    ['fragments of blocking rounds', { strategy: 'diloco', fragments: 2 }, 'fragments', 'no option of diloco'],
    [
      'bounds in the wrong order',
      { intervalMin: 100, intervalMax: 50 },
      'interval_min',
      '100 is above interval_max, 50',
    ],
    ['an interval outside of its bounds', { interval: 8 }, 'interval', 'use 16 to 256'],
    ['more fragments than steps', { strategy: 'streaming-diloco', interval: 3 }, 'fragments', 'use at most 3'],
    ['more fragments than the fewest steps', { intervalMin: 2 }, 'fragments', 'use at most 2'],
    ['grace in the wrong order', { graceMinMs: 40_000 }, 'grace_min_ms', '40000 is above grace_max_ms, 30000'],
    ['a quorum of more regions than there are', { quorum: 4 }, 'quorum', 'from 3 regions; use at most 3'],
  ])('%s', (_, given, field, text) => {
    const found = refusals(given)
    expect(found.map((violation) => violation.field)).toEqual([field])
    expect(found[0]!.description).toContain(text)
  })

  test('several are named at once, each once', () => {
    expect(fields({ strategy: 'asgd', interval: 9, mode: 'gossip', fragments: 2, codec: 'zip' })).toEqual([
      'interval',
      'mode',
      'codec',
      'fragments',
    ])
    expect(fields({ strategy: 'dilco', interval: -4 })).toEqual(['strategy', 'interval'])
    expect(refusals({ strategy: 'dilco' })[0]!.description).toContain('did you mean diloco?')
  })

  test('settings made by hand are judged without knowing what was given', () => {
    const { settings } = resolveSync({ strategy: 'asgd' }, { regions: 2 })
    const found = violationsOf({ ...settings, fragments: 4, interval: 3 }, { regions: 2 })
    expect(found.map(({ field }) => field)).toEqual(['interval', 'fragments'])
    expect(encodeSync({ ...settings, fragments: 4 }, { regions: 2 })).toMatchObject({ fragments: 4 })
  })
})

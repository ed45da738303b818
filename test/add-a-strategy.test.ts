// What CONTRIBUTING promises: a strategy is one file and one map entry. Everything that reads strategies takes the map
// as it is, so a map with one more entry shows it: a job with the new strategy is checked, sent, and trained.
import { expect, test } from 'vitest'
import { syncSchemaOf } from '#cli/job-file-schema.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import { decodeSync } from '#control-plane/wire/job-spec.ts'
import type { SyncSpec, SyncSpec__Output } from '#proto/generated/cloudless/v1/SyncSpec.ts'
import { Cluster } from '#physical-plane/parameter-server/cluster.fixture.ts'
import { aLayout } from '#physical-plane/parameter-server/partition.fixture.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import { encodeSync } from '#proto/sync/encode-sync.ts'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { roundDefaults } from '#proto/sync/strategies/round-defaults.ts'
import type { Strategy } from '#proto/sync/strategy.ts'

/** Local SGD whose coarse changes enter a momentum every other round, while steps wait: no other one composes that. */
const localSgd: Strategy = {
  name: 'local-sgd',
  summary: 'coarse changes, and a momentum that follows every other round',
  defaults: {
    interval: 24,
    codec: 'int4',
    outerLearningRate: 1,
    outerMomentum: 0.5,
    outerDelay: 2,
    ...roundDefaults,
  },
  limits: { codec: ['int8', 'int4'] },
  parts: () => ({
    when: 'fixed-interval',
    what: 'delta',
    codec: 'error-feedback',
    apply: 'outer-delayed-nesterov',
    membership: 'rounds',
    isOverlapped: false,
  }),
}
const more = new Map([...strategies, [localSgd.name, localSgd]])
const wire = messageDefinition<SyncSpec, SyncSpec__Output>('cloudless.v1.SyncSpec')

test('one more entry in the map validates, decodes and resolves', () => {
  expect(syncSchemaOf(more).parse({ strategy: 'local-sgd', interval: 12 })).toEqual({
    strategy: 'local-sgd',
    interval: 12,
  })

  const checks = new Checks()
  const given = wire.deserialize(wire.serialize({ strategy: 'local-sgd', interval: 12, codec: 'int8' }))
  const settings = decodeSync(checks, given, 3, more)
  expect(checks.violations).toEqual([])
  expect(settings).toMatchObject({ strategy: 'local-sgd', interval: 12, codec: 'int8', outerDelay: 2, quorum: 0 })

  const context = { regions: 3, strategies: more }
  const sent = wire.deserialize(wire.serialize(encodeSync(settings, context)))
  expect(resolveSync(sent, context)).toEqual({ settings, violations: [] })
})

test('it trains: three regions end with one model, at the optimum that their data share', async () => {
  const optimum = [4, -2, 1, 0]
  const slopes: Readonly<Record<string, readonly number[]>> = {
    a: [1, 0.5, 0.25, 1],
    b: [0.5, 1, 1, 0],
    c: [0, 1, 1, 1],
  }
  const cluster = await Cluster.open({
    regions: Object.keys(slopes).map((name) => ({ name, samples: 160 })),
    sync: { strategy: 'local-sgd', interval: 4, strategies: more },
    layout: aLayout(4),
    initial: [9, 9, 9, 9],
    gradientOf: ({ region, values }) => slopes[region]!.map((slope, i) => slope * (values[i]! - optimum[i]!)),
    learningRate: 2 ** -5,
    epochs: 2,
  })
  await cluster.finish()
  for (const [i, value] of cluster.agreedReplica().entries()) expect(Math.abs(value - optimum[i]!)).toBeLessThan(0.25)
  const rounds = cluster.at('a').records.waiting.filter((record) => record.kind === 'round')
  expect(rounds.filter(({ codec, members }) => codec === 'int4' && members.length === 3).length).toBeGreaterThan(5)
})

test('its limits are held, and it exists nowhere else', () => {
  const checks = new Checks()
  decodeSync(
    checks,
    wire.deserialize(wire.serialize({ strategy: 'local-sgd', codec: 'fp32', utilisation: 0.9 })),
    3,
    more,
  )
  expect(checks.violations.map(({ field }) => field)).toEqual(['spec.sync.codec', 'spec.sync.utilisation'])
  expect(() => syncSchemaOf(strategies).parse({ strategy: 'local-sgd' })).toThrow('Invalid option')
  expect(resolveSync({ strategy: 'local-sgd' }, { regions: 3 }).violations[0]).toMatchObject({ field: 'strategy' })
})

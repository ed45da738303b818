// What CONTRIBUTING promises: a strategy is one file and one map entry. Everything that reads strategies takes the map
// as it is, so a map with one more entry shows it.
import { expect, test } from 'vitest'
import { syncSchemaOf } from '#cli/job-file-schema.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import { decodeSync } from '#control-plane/wire/job-spec.ts'
import type { SyncSpec, SyncSpec__Output } from '#proto/generated/cloudless/v1/SyncSpec.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import { encodeSync } from '#proto/sync/encode-sync.ts'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { roundDefaults } from '#proto/sync/strategies/round-defaults.ts'
import type { Strategy } from '#proto/sync/strategy.ts'

/** Local SGD with plain averaging of int4 deltas, overlapped: no other strategy composes these parts. */
const localSgd: Strategy = {
  name: 'local-sgd',
  summary: 'plain averaging of coarse changes while steps go on',
  defaults: { interval: 24, codec: 'int4', fragments: 2, merge: 'rebase', mergeWeight: 0.5, ...roundDefaults },
  limits: { codec: ['int8', 'int4'] },
  parts: () => ({
    when: 'fixed-interval',
    what: 'delta',
    codec: 'error-feedback',
    apply: 'mean',
    membership: 'rounds',
    isOverlapped: true,
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
  expect(settings).toMatchObject({ strategy: 'local-sgd', interval: 12, codec: 'int8', fragments: 2, quorum: 0 })

  const context = { regions: 3, strategies: more }
  const sent = wire.deserialize(wire.serialize(encodeSync(settings, context)))
  expect(resolveSync(sent, context)).toEqual({ settings, violations: [] })
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

import { describe, expect, test } from 'vitest'
import { encodeSync } from '#proto/sync/encode-sync.ts'
import { resolveSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { decodeConfig, partitionOptionsOf } from './config-file.ts'

const shard = (region: string, samples: number) => ({ region, uri: `file:///data/${region}`, samples })

function aConfig(spec: object = {}): object {
  return {
    instanceId: 'i-1',
    attempt: 1,
    jobId: 'j-1',
    region: 'a/a',
    spec: {
      name: 'job',
      shards: [shard('a/a', 30), shard('b/b', 10), shard('a/a', 20)],
      holdout: shard('b/b', 5),
      sync: { strategy: 'diloco' },
      training: { epochs: 3, seed: 7, workerMode: '', leaseSamples: 0, stallTimeoutSeconds: 0 },
      ...spec,
    },
    bindHost: '127.0.0.1',
    advertiseHost: '127.0.0.1',
    workerSocket: '/tmp/w.sock',
    agentSocket: '/tmp/a.sock',
    stateDir: '/tmp/state',
    objectStore: 'file:///tmp/objects',
    sharedDir: '/tmp/shared',
    workers: 1,
    dataShare: 0.8,
    logLevel: 'info',
  }
}

describe("a parameter server's config file", () => {
  test('gives a partition its share, its neighbours and its synchronisation', () => {
    expect(partitionOptionsOf(decodeConfig(aConfig()))).toMatchObject({
      region: 'a/a',
      members: [
        { region: 'a/a', dataShare: 50 / 60 },
        { region: 'b/b', dataShare: 10 / 60 },
      ],
      samples: 50,
      hasHoldout: false,
      sync: { strategy: 'diloco', interval: 100, codec: 'int8', quorum: 0 },
    })
  })

  test.each([...strategies.keys()])('means by %s what the control plane means', (strategy) => {
    const { settings } = resolveSync({ strategy }, { regions: 2 })
    // As the agent writes it: JSON of what came over the wire.
    const sync: unknown = JSON.parse(
      JSON.stringify({ ...encodeSync(settings, { regions: 2 }), _mergeWeight: 'mergeWeight' }),
    )
    expect(partitionOptionsOf(decodeConfig(aConfig({ sync }))).sync).toEqual(settings)
  })

  test('without synchronisation takes the default strategy', () => {
    expect(partitionOptionsOf(decodeConfig(aConfig({ sync: null }))).sync.strategy).toBe('auto')
  })

  test.each([
    ['an unknown strategy', { strategy: 'gossip' }, 'spec.sync.strategy'],
    ['an option of another strategy', { strategy: 'diloco', fragments: 4 }, 'spec.sync.fragments'],
    ['a text for a number', { strategy: 'diloco', interval: 'often' }, 'spec.sync.interval'],
    ['a quorum of more regions than there are', { strategy: 'diloco', quorum: 3 }, 'spec.sync.quorum'],
  ])('%s is refused by name', (_, sync, field) => {
    expect(() => partitionOptionsOf(decodeConfig(aConfig({ sync })))).toThrow(field)
  })

  test('a list of options is refused by name', () => {
    expect(() => decodeConfig(aConfig({ sync: [] }))).toThrow('spec.sync')
  })
})

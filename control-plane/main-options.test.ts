import { describe, expect, test } from 'vitest'
import { parseOptions } from './main-options.ts'

describe('the command line', () => {
  test('defaults to loopback', () => {
    expect(parseOptions(['--data', '/d'])).toEqual({
      kind: 'options',
      options: {
        data: '/d',
        host: '127.0.0.1',
        port: 7443,
        catalogues: [],
        withBundledCatalogue: true,
        fetchedFolder: '/d/catalogue',
        refresh: { everyMs: 0, clouds: [] },
        checkDatasets: false,
        logLevel: 'info',
        metricsListen: null,
        pruneAfterMs: 600_000,
      },
    })
  })

  test('another address needs a word that it is meant', () => {
    const remote = ['--data', '/d', '--listen', '0.0.0.0:7443']
    expect(parseOptions(remote)).toMatchObject({ kind: 'wrong', why: expect.stringContaining('--allow-remote') })
    expect(parseOptions([...remote, '--allow-remote'])).toMatchObject({ kind: 'options' })
    expect(parseOptions(['--data', '/d', '--listen', '[::1]:0'])).toMatchObject({ options: { host: '::1', port: 0 } })
  })

  test('catalogues lie over each other in their order', () => {
    const two = ['--data', '/d', '--catalogue', 'b.yaml', '--catalogue', 'a']
    expect(parseOptions(two)).toMatchObject({ options: { catalogues: ['b.yaml', 'a'], withBundledCatalogue: true } })
    expect(parseOptions([...two, '--no-bundled-catalogue'])).toMatchObject({ options: { withBundledCatalogue: false } })
  })

  test('clouds are asked when that is wanted, all or some', () => {
    const every = ['--data', '/d', '--catalogue-refresh', '2h']
    expect(parseOptions(every)).toMatchObject({
      options: { refresh: { everyMs: 7_200_000, clouds: ['aws', 'tencent'] } },
    })
    expect(parseOptions([...every, '--catalogue-provider', 'tencent'])).toMatchObject({
      options: { refresh: { clouds: ['tencent'] } },
    })
    expect(parseOptions(['--data', '/d', '--catalogue-fetched', '/f', '--check-datasets'])).toMatchObject({
      options: { fetchedFolder: '/f', checkDatasets: true, refresh: { clouds: [] } },
    })
  })

  test('says after how long a region is given up, in any unit', () => {
    const pruneAfterMsOf = (text: string) => parseOptions(['--data', '/d', '--give-up-region-after', text])
    expect(pruneAfterMsOf('90s')).toMatchObject({ options: { pruneAfterMs: 90_000 } })
    expect(pruneAfterMsOf('2h')).toMatchObject({ options: { pruneAfterMs: 7_200_000 } })
  })

  test.each([
    [['--data', '/d', '--give-up-region-after', '10'], '--give-up-region-after 10 is no time'],
    [['--data', '/d', '--give-up-region-after', '59s'], 'at least 60s'],
    [['--data', '/d', '--give-up-region-after', '1.5m'], '--give-up-region-after 1.5m'],
    [['--data', '/d', '--catalogue-refresh', '1m'], '--catalogue-refresh 1m is no time of at least 5m'],
    [['--data', '/d', '--catalogue-provider', 'azure'], '--catalogue-provider azure is not one of aws, tencent'],
    [[], '--data is missing'],
    [['--data', '/d', '--no-bundled-catalogue'], 'leaves no regions'],
    [['--data', '/d', '--listen', '7443'], 'is not host:port'],
    [['--data', '/d', '--listen', '127.0.0.1:70000'], 'is not host:port'],
    [['--data', '/d', '--log-level', 'loud'], '--log-level loud'],
    [['--data', '/d', '--verbose'], '--verbose'],
    [['--data', '/d', 'extra'], 'extra'],
    [['--data', '/d', '--metrics-listen', '0.0.0.0:9464'], '--metrics-listen'],
  ])('%j is refused by name', (args, text) => {
    expect(parseOptions(args)).toMatchObject({ kind: 'wrong', why: expect.stringContaining(text) })
  })
})

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startCloud } from '#regions/cloud/http-cloud.fixture.ts'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { openAdapter } from './open-adapter.ts'
import { actionOf, answer } from './tencent/recorded.fixture.ts'

const options = { clock: systemClock(), random: seededRandom(1) }
const folders: string[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

describe('the adapter of a cloud', () => {
  test.each([
    [{ CLOUDLESS_TENCENT_SITE: 'mars' }, 'CLOUDLESS_TENCENT_SITE', 'use mainland or international'],
    [{ CLOUDLESS_TENCENT_ENDPOINT: 'cvm' }, 'CLOUDLESS_TENCENT_ENDPOINT', 'use a URL'],
    [{ CLOUDLESS_TENCENT_ENDPOINT: 'file:///x' }, 'CLOUDLESS_TENCENT_ENDPOINT', 'use a URL'],
  ])('with %j is refused by name', (environment, field, fix) => {
    expect(() => openAdapter('tencent', { ...options, environment })).toThrow(
      expect.objectContaining({
        violations: [{ field, description: expect.stringContaining(fix) as string }],
      }) as Error,
    )
  })

  test('of Tencent Cloud finds credentials in its own file, and asks the site that is set', async () => {
    const home = mkdtempSync(join(tmpdir(), 'open-adapter-'))
    folders.push(home)
    mkdirSync(join(home, '.tencentcloud'))
    writeFileSync(join(home, '.tencentcloud', 'credentials'), '[default]\nsecret_id = AKIDOFAFILE\nsecret_key = k\n')
    for (const name of ['TENCENTCLOUD_SECRET_ID', 'TENCENTCLOUD_SECRET_KEY']) vi.stubEnv(name, '')
    vi.stubEnv('HOME', home)
    const cloud = await startCloud((request) =>
      actionOf(request) === 'DescribeZones' ? answer({ ZoneSet: [] }) : answer({ InstanceTypeQuotaSet: [] }),
    )
    const environment = { CLOUDLESS_TENCENT_SITE: 'international', CLOUDLESS_TENCENT_ENDPOINT: cloud.url }
    const adapter = openAdapter('tencent', { ...options, environment })
    // No rate of CNY is needed: the international site asks USD.
    const { signal } = new AbortController()
    const request = { regions: ['ap-singapore'], instanceTypes: [], usdPer: {}, signal, onProgress: () => {} }
    const layer = await adapter.refresh(request)
    expect(layer.regions).toMatchObject([{ name: 'tencent/ap-singapore', prices: [], complete: [] }])
    expect(cloud.requests[0]!.headers.authorization).toContain('Credential=AKIDOFAFILE/')
    adapter.close()
    await cloud.stop()
  })
})

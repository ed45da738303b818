import { afterEach, expect, test, vi } from 'vitest'
import { startCloud } from '#regions/cloud/http-cloud.fixture.ts'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { controlPlaneConfig } from './config.ts'
import { openClouds } from './open-clouds.ts'

afterEach(() => vi.unstubAllEnvs())

test('credentials that were refused are not tried again for each job', async () => {
  const cloud = await startCloud(() => ({ status: 401, body: '' }))
  vi.stubEnv('AWS_ENDPOINT_URL', cloud.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'testing')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'testing')
  let nowMs = 0
  const clock = { ...systemClock(), now: () => nowMs }
  const refresh = { everyMs: 0, clouds: [] }
  const clouds = await openClouds({ refresh, checkDatasets: true }, { clock, random: seededRandom(1), environment: {} })
  const { signal } = new AbortController()
  const list = () => clouds.listDataset!('s3', { uri: 's3://some-bucket/x', region: 'aws/us-east-1', signal })
  await expect(list()).rejects.toMatchObject({ reason: 'CLOUD_CREDENTIALS' })
  await expect(list()).rejects.toMatchObject({ reason: 'CLOUD_CREDENTIALS' })
  expect(cloud.requests).toHaveLength(1)
  nowMs += controlPlaneConfig.credentialsRetryMs
  await expect(list()).rejects.toMatchObject({ reason: 'CLOUD_CREDENTIALS' })
  expect(cloud.requests).toHaveLength(2)
  clouds.close()
  await cloud.stop()
})

test('without a wish none is opened', async () => {
  const options = { clock: systemClock(), random: seededRandom(1), environment: {} }
  const clouds = await openClouds({ refresh: { everyMs: 0, clouds: [] }, checkDatasets: false }, options)
  expect(clouds).toMatchObject({ asked: [] })
  expect(clouds.listDataset).toBeUndefined()
})

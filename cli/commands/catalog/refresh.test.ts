// The commands as they are typed, against clouds on loopback that answer as AWS and Tencent Cloud do.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  actionOf,
  ec2Error,
  objectsAnswer,
  offeringsAnswer,
  product,
  productsAnswer,
  regionsAnswer,
  spotAnswer,
  typesAnswer,
  zonesAnswer,
} from '#regions/aws/recorded.fixture.ts'
import { startCloud, type CloudAnswer, type CloudRequest, type HttpCloud } from '#regions/cloud/http-cloud.fixture.ts'
import { actionOf as tencentActionOf, answer, config, filterOf } from '#regions/tencent/recorded.fixture.ts'
import { systemClock, type Clock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import type { ExitCode } from '../../exit-codes.ts'
import { runProgram } from '../../program.ts'

let home = ''
let cloud: HttpCloud | null = null
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cli-refresh-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await cloud?.stop()
  rmSync(home, { recursive: true })
})

/** Credentials and endpoint as an operator sets them for the SDKs. */
async function withCloud(respond: (request: CloudRequest) => CloudAnswer): Promise<void> {
  cloud = await startCloud(respond)
  for (const [name, value] of Object.entries({
    AWS_ENDPOINT_URL: cloud.url,
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    AWS_REGION: 'us-east-1',
    TENCENTCLOUD_SECRET_ID: 'testing',
    TENCENTCLOUD_SECRET_KEY: 'testing',
  }))
    vi.stubEnv(name, value)
}

type Outcome = { readonly code: ExitCode; readonly stdout: string; readonly stderr: string; readonly json: unknown }
const hourMs = 3_600_000

async function catalog(given: readonly string[], laterMs = 0): Promise<Outcome> {
  const [stdout, stderr]: [string[], string[]] = [[], []]
  const clock = systemClock()
  // Nothing here waits for a cloud that is busy.
  const later: Clock = { ...clock, now: () => clock.now() + laterMs, sleep: () => Promise.resolve() }
  const code = await runProgram({
    arguments: ['catalog', ...given],
    stdout: { write: (data) => stdout.push(String(data)) },
    stderr: { write: (data) => stderr.push(String(data)) },
    environment: { CLOUDLESS_HOME: home, CLOUDLESS_TENCENT_ENDPOINT: cloud?.url },
    clock: later,
    random: seededRandom(1),
    signal: new AbortController().signal,
    version: '0',
  })
  const text = stdout.join('')
  return { code, stdout: text, stderr: stderr.join(''), json: given.includes('--json') ? JSON.parse(text) : null }
}

const aws =
  (onDemand: string) =>
  (request: CloudRequest): CloudAnswer => {
    switch (actionOf(request)) {
      case 'DescribeRegions':
        return regionsAnswer({ 'us-east-1': 'opt-in-not-required' })
      case 'DescribeInstanceTypes':
        return typesAnswer([{ type: 'g4dn.xlarge', gpu: { name: 'T4', count: 1, mib: 16384 } }])
      case 'DescribeAvailabilityZones':
        return zonesAnswer([['use1-az1', 'us-east-1a']])
      case 'DescribeInstanceTypeOfferings':
        return offeringsAnswer({ 'g4dn.xlarge': ['us-east-1a'] })
      case 'DescribeSpotPriceHistory':
        return spotAnswer([{ type: 'g4dn.xlarge', zone: 'us-east-1a', usd: '0.1111' }])
      case 'GetProducts':
        return productsAnswer([product('g4dn.xlarge', onDemand)])
      default:
        return ec2Error(403, 'UnauthorizedOperation', 'You are not authorized to perform this operation.')
    }
  }

describe('refresh', () => {
  test('keeps what AWS says, tells what changed, and shows it from then on with its age', async () => {
    await withCloud(aws('0.6000000000'))
    const { code, stdout, stderr } = await catalog(['refresh', '--provider', 'aws'])
    expect(code).toBe(0)
    expect(stdout).toContain(`aws: 2 prices of 1 region; kept in ${join(home, 'catalogue', 'aws.json')}`)
    expect(stdout).toMatch(/~ +aws\/us-east-1 nvidia-t4 on-demand g4dn\.xlarge +\$0\.526 +\$0\.600 +\+14 %/)
    expect(stdout).toMatch(/\+ +aws\/us-east-1 nvidia-t4 spot g4dn\.xlarge us-east-1a/)
    expect(stderr).toMatch(/asking aws: 100 % {2}1 of 1 regions/)
    expect(readFileSync(join(home, 'catalogue', 'aws.json'), 'utf8')).not.toContain('testing')

    const shown = await catalog(['show', 'aws/us-east-1'], hourMs)
    expect(shown.stdout).toMatch(/^catalogue 2026-11\+aws\.\d{4}-\d\d-\d\d /)
    expect(shown.stdout).toMatch(/fetched from clouds: aws 1 h 0 min old\n/)
    expect(shown.stdout).toMatch(/nvidia-t4 +spot +g4dn\.xlarge +us-east-1a +\$0\.111/)
    const stale = await catalog(['show', '--json'], 3 * hourMs)
    expect(stale.json).toMatchObject({ fetched: [{ layer: 'aws', stale: true }] })
    expect((await catalog(['diff', 'bundled', 'fetched'])).stdout).toContain('aws/us-east-1 nvidia-t4 spot g4dn.xlarge')
  })

  test('keeps nothing with --dry-run', async () => {
    await withCloud(aws('0.6000000000'))
    const { json, code } = await catalog([
      'refresh',
      '--provider',
      'aws',
      '--region',
      'us-east-1',
      '--dry-run',
      '--json',
    ])
    expect(code).toBe(0)
    expect(json).toMatchObject({ dry_run: true, files: [], regions: [{ name: 'aws/us-east-1', prices: 2 }] })
    expect(existsSync(join(home, 'catalogue'))).toBe(false)
  })

  test('leaves the last good layer where the cloud has gone away', async () => {
    await withCloud(aws('0.6000000000'))
    await catalog(['refresh', '--provider', 'aws'])
    const before = readFileSync(join(home, 'catalogue', 'aws.json'), 'utf8')
    await cloud?.stop()
    await withCloud((request) =>
      actionOf(request) === 'GetProducts' ? { status: 500, body: '' } : aws('0.7000000000')(request),
    )
    const { code, stderr } = await catalog(['refresh', '--provider', 'aws'])
    expect(code).toBe(4)
    expect(stderr).toContain('AWS price list GetProducts of us-east-1 (GPU instance) failed 6 times')
    expect(readFileSync(join(home, 'catalogue', 'aws.json'), 'utf8')).toBe(before)
  })

  test('says how to sign in', async () => {
    await withCloud(() => ec2Error(400, 'ExpiredToken', 'The security token included in the request is expired'))
    const { code, stderr } = await catalog(['refresh', '--provider', 'aws'])
    expect(code).toBe(5)
    expect(stderr).toMatch(/ExpiredToken.*aws sso login/s)
  })

  test('asks Tencent Cloud for prices in its own currency', async () => {
    await withCloud((request) => {
      const [charge = ''] = filterOf(request, 'instance-charge-type')
      const t4 = { zone: 'ap-shanghai-2', type: 'GN7.2XLARGE32', gpuCount: 1 }
      const isCpu = filterOf(request, 'instance-type').length > 0
      if (tencentActionOf(request) === 'DescribeZones') return answer({ ZoneSet: [{ Zone: 'ap-shanghai-2' }] })
      const row = config({ ...t4, charge, unitPrice: charge === 'SPOTPAID' ? 1 : 8 })
      return answer({ InstanceTypeQuotaSet: isCpu ? [] : [row] })
    })
    const { json } = await catalog(['refresh', '--provider', 'tencent', '--region', 'tencent/ap-shanghai', '--json'])
    expect(json).toMatchObject({ files: [join(home, 'catalogue', 'tencent.ap-shanghai.json')] })
    const { stdout } = await catalog(['show', 'tencent/ap-shanghai'])
    expect(stdout).toMatch(/GN7\.2XLARGE32 +ap-shanghai-2 +\$1\.12 +8 CNY/)
  })

  test.each([
    [['refresh'], 2, '--provider'],
    [['refresh', '--provider', 'azure'], 2, 'aws, tencent'],
    [['refresh', '--provider', 'aws', '--region', 'tencent/ap-shanghai'], 2, 'tencent/ap-shanghai is not of aws'],
    [['refresh', '--provider', 'aws', '--region', 'Mars'], 2, 'is no region of aws'],
  ])('refuses %j', async (given, code, found) => {
    const outcome = await catalog(given)
    expect(outcome.code).toBe(code)
    expect(outcome.stderr).toContain(found)
  })
})

describe('dataset', () => {
  test('tells objects, bytes and region', async () => {
    await withCloud(({ method }) =>
      method === 'HEAD'
        ? { headers: { 'x-amz-bucket-region': 'eu-west-1' }, body: '' }
        : objectsAnswer([
            { key: 'train/a.npz', bytes: 1_500_000_000 },
            { key: 'train/b.npz', bytes: 500_000_000 },
          ]),
    )
    const { stdout, code } = await catalog(['dataset', 's3://some-bucket/train'])
    expect(code).toBe(0)
    expect(stdout).toContain('region   aws/eu-west-1')
    expect(stdout).toContain('objects  2')
    expect(stdout).toContain('bytes    2000000000 (2.00 GB)')
    const { json } = await catalog(['dataset', 's3://some-bucket/train', '--json'])
    expect(json).toMatchObject({ objects: 2, bytes: 2_000_000_000, region: 'aws/eu-west-1', truncated: false })
  })

  test('that is not there, or no address, is told', async () => {
    await withCloud(() => ({ status: 404, body: '' }))
    const missing = await catalog(['dataset', 's3://some-bucket/train'])
    expect(missing.code).toBe(3)
    expect(missing.stderr).toContain('HeadBucket of some-bucket found nothing')
    expect((await catalog(['dataset', 'file:///data'])).code).toBe(2)
    expect((await catalog(['dataset', 'cos://data-1250000000/x'])).stderr).toContain('tencent/ap-shanghai')
  })
})

// Wrong requests as they come from people, scripts and other releases, against a real cluster: each is refused with the
// field, the value and what to do, with the right exit code or gRPC status, and nothing that went before is lost.
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createGzip } from 'node:zlib'
import { Client, Metadata, credentials, status, type ServiceError } from '@grpc/grpc-js'
import { pack, type Header } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AgentHello } from '#proto/generated/cloudless/v1/AgentHello.ts'
import type { FleetServiceHandlers } from '#proto/generated/cloudless/v1/FleetService.ts'
import { openClient } from '#proto/rpc/client.ts'
import { messageBytesMax } from '#proto/rpc/config.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { clock, explainSkip, python, run, TestCluster, type Ended, type JobOptions } from './cluster.fixture.ts'

explainSkip('bad-input: functions')

const lab = 'onprem/lab'
let cluster: TestCluster

beforeAll(async () => {
  cluster = await TestCluster.start({ regions: [lab], cpuUnits: 1 })
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** A job that waits for ever: its data lies where no agent is. */
function aWaitingJob(name: string): JobOptions {
  return { name, entrypoint: 'train.py', samples: { 'aws/us-east-1': 160 }, training: { epochs: 1 } }
}

function aJob(name: string, entrypoint: string): JobOptions {
  return { name, entrypoint, samples: { [lab]: 160 }, training: { epochs: 1, restarts_max: 1 } }
}

type Shown = { readonly id: string; readonly state: string; readonly reason: string }
type Refusal = {
  readonly kind: string
  readonly reason: string
  readonly message: string
  readonly violations: readonly { readonly field: string; readonly description: string }[]
}

const shown = ({ stdout }: Ended): Shown => JSON.parse(stdout) as Shown
const refusal = ({ stdout }: Ended): Refusal => (JSON.parse(stdout) as { readonly error: Refusal }).error

describe('the command line', () => {
  test('one request id: the same job again; for another job it is refused and names the first', async () => {
    const file = cluster.writeJob(aWaitingJob('twice'))
    const submit = ['--json', 'submit', '--request-id', randomUUID()]
    const [first, second] = await Promise.all([cluster.cli([...submit, file]), cluster.cli([...submit, file])])
    expect([first.code, second.code]).toEqual([0, 0])
    expect(shown(second).id).toBe(shown(first).id)
    const other = await cluster.cli([...submit, cluster.writeJob(aWaitingJob('other'))])
    expect(other.code).toBe(5)
    expect(refusal(other)).toMatchObject({ kind: 'already-exists', reason: 'REQUEST_ID_REUSED' })
    expect(refusal(other).message).toContain(shown(first).id)
  })

  test('cancelling twice is cancelling once', async () => {
    const id = await cluster.submit(aWaitingJob('cancelled'))
    for (let times = 0; times < 2; times++) {
      const { code, stdout } = await cluster.cli(['cancel', id, '--reason', 'changed my mind'])
      expect(code).toBe(0)
      expect(stdout).toMatch(new RegExp(`^${id} cancel`))
    }
    const job = await cluster.ended(id)
    expect(job).toMatchObject({ state: 'JOB_STATE_CANCELLED', reason: 'cancelled: changed my mind' })
    expect((await cluster.cli(['cancel', id])).code).toBe(0)
    expect((await cluster.cli(['status', id, '--watch'])).code).toBe(1)
  })

  test.each([['status'], ['cancel'], ['logs'], ['cost'], ['model', 'get', '-o', '%s/never']])(
    '%s of an unknown job',
    async (...command) => {
      const ended = await cluster.cli([
        '--json',
        ...command.map((word) => word.replace('%s', cluster.folder)),
        'j-nowhere',
      ])
      expect(ended.code).toBe(3)
      expect(refusal(ended)).toMatchObject({ kind: 'not-found', message: 'job j-nowhere does not exist' })
    },
  )

  test('a misspelt key is named with its line and the right one; nothing is created', async () => {
    const file = cluster.writeJob(aWaitingJob('misspelt'), (content) => {
      content['training'] = { epoch: 3 }
    })
    const ended = await cluster.cli(['submit', file])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toMatch(/training\.epoch: unknown key \(line \d+\); did you mean "epochs"\?/)
    expect((await cluster.cli(['jobs'])).stdout).not.toContain('misspelt')
  })

  test('zero and negative counts, an unknown region and a shard that is not there are named all at once or early', async () => {
    const counts = cluster.writeJob(aWaitingJob('counts'), (content) => {
      const data = content['data'] as { shards: { samples: number }[] }
      data.shards[0]!.samples = -5
      content['training'] = { epochs: 0 }
    })
    const wrong = refusal(await cluster.cli(['--json', 'submit', counts]))
    expect(wrong.violations.map(({ field }) => field).sort()).toEqual(['data.shards[0].samples', 'training.epochs'])
    const missing = cluster.writeJob(aWaitingJob('missing'))
    rmSync(join(cluster.folder, 'missing-aws-us-east-1.f32'))
    const ended = await cluster.cli(['--json', 'submit', missing])
    expect(ended.code).toBe(2)
    expect(refusal(ended)).toMatchObject({ reason: 'MISSING_SHARD', violations: [{ field: 'data.shards[0].uri' }] })
    expect(refusal(ended).message).toContain('missing-aws-us-east-1.f32 does not exist')
    const unknown = cluster.writeJob({ ...aWaitingJob('unknown'), samples: { 'onprem/lap': 10 } })
    const nowhere = await cluster.cli(['--json', 'submit', unknown])
    expect(nowhere.code).toBe(2)
    expect(refusal(nowhere).violations[0]).toMatchObject({ field: 'spec.shards[0].region' })
    expect(refusal(nowhere).message).toContain(lab)
  })

  test('a function folder with a link out of it is not packed', async () => {
    const folder = join(cluster.folder, 'linked')
    mkdirSync(folder)
    writeFileSync(join(folder, 'train.py'), '')
    symlinkSync('/etc/hostname', join(folder, 'out.txt'))
    const file = cluster.writeJob(aWaitingJob('linked'), (content) => {
      Object.assign(content['function'] as object, { folder })
    })
    const ended = await cluster.cli(['submit', file])
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('out.txt is a link out of the folder, to /etc/hostname')
  })
})

describe('the wire', () => {
  test('a message above the limit is refused by status and size, and the server goes on', async () => {
    const client = new Client(cluster.address, credentials.createInsecure())
    const asIs = (bytes: Buffer): Buffer => bytes
    const error = await new Promise<ServiceError | null>((resolve) => {
      const bytes = Buffer.alloc(messageBytesMax + 1)
      client.makeUnaryRequest('/cloudless.v1.JobService/GetJob', asIs, asIs, bytes, new Metadata(), resolve)
    })
    client.close()
    expect(error?.code).toBe(status.RESOURCE_EXHAUSTED)
    expect(error?.details).toContain(String(messageBytesMax))
    expect((await cluster.services.jobs.listJobs({})).jobs.length).toBeGreaterThan(0)
  })

  test('a message that is no message is refused, and the server goes on', async () => {
    const client = new Client(cluster.address, credentials.createInsecure())
    const asIs = (bytes: Buffer): Buffer => bytes
    const error = await new Promise<ServiceError | null>((resolve) => {
      const bytes = Buffer.alloc(64, 0xff)
      client.makeUnaryRequest('/cloudless.v1.JobService/GetJob', asIs, asIs, bytes, new Metadata(), resolve)
    })
    client.close()
    expect(error).not.toBeNull()
    expect([status.INVALID_ARGUMENT, status.INTERNAL]).toContain(error?.code)
    expect((await cluster.services.jobs.listJobs({})).jobs.length).toBeGreaterThan(0)
  })

  test.each<[string, Partial<AgentHello>, Partial<CloudlessError>, RegExp]>([
    [
      'of another protocol version',
      { protocolVersion: 99 },
      { kind: 'conflict', reason: 'PROTOCOL_VERSION' },
      /speaks protocol 99, this control plane speaks 1/,
    ],
    [
      'of an unknown region',
      { region: 'onprem/cellar' },
      { kind: 'not-found' },
      /region onprem\/cellar does not exist/,
    ],
    [
      'of a region that another agent holds',
      {},
      { kind: 'already-exists', reason: 'REGION_HELD' },
      /region onprem\/lab is held by agent/,
    ],
    ['without a name', { agentId: '' }, { kind: 'invalid' }, /agent_id/],
  ])('an agent %s is refused', async (_case, hello, expected, text) => {
    const fleet = openClient<FleetServiceHandlers>('cloudless.v1.FleetService', cluster.address, { clock })
    const good = {
      region: lab,
      agentId: randomUUID(),
      incarnation: 1,
      version: '0.1.0',
      protocolVersion: 1,
      devices: [],
    }
    const error = await firstAnswer(fleet.connect(one({ hello: { ...good, ...hello } })))
    fleet.close()
    expect(error).toBeInstanceOf(CloudlessError)
    expect(error).toMatchObject(expected)
    expect((error as CloudlessError).message).toMatch(text)
  })

  test('a second agent of a region ends with 3 and says who holds it; the first is not disturbed', async () => {
    const flags = ['--control-plane', cluster.address, '--region', lab, '--state', join(cluster.folder, 'second')]
    const { code, stderr } = await run('physical-plane/agent/main.ts', flags).ended
    expect(code).toBe(3)
    expect(stderr).toMatch(/agent of onprem\/lab: refused by the control plane: region onprem\/lab is held by agent/)
    const { region } = await cluster.services.regions.getRegion({ name: lab })
    expect(region?.agentState).toBe('AGENT_STATE_CONNECTED')
  })
})

describe('a bundle that would leave its folder', () => {
  test.each<[string, Partial<Header> & { readonly name: string }, RegExp]>([
    ['up', { name: '../outside.py' }, /entry "\.\.\/outside\.py" leaves the bundle by "\.\."/],
    ['by an absolute path', { name: '/tmp/outside.py' }, /entry "\/tmp\/outside\.py" has an absolute path/],
    ['by a symbolic link', { name: 'link', type: 'symlink', linkname: '/etc' }, /entry "link" is a symlink/],
  ])('%s fails its job with the entry, and nothing is written outside', async (_case, header, text) => {
    const archive = pack()
    archive.entry({ name: 'train.py' }, 'print("never run")')
    archive.entry(header, header.type === 'symlink' ? '' : 'print("outside")')
    archive.finalize()
    const bytes = await buffer(archive.pipe(createGzip()))
    const job = await cluster.ended(await createJobWith(bytes))
    expect(job.state).toBe('JOB_STATE_FAILED')
    expect(job.reason).toContain(`${job.id}/${lab}/worker-0 failed`)
    expect(job.reason).toMatch(text)
    const outside = [join(cluster.folder, 'onprem-lab', 'bundles', 'outside.py'), '/tmp/outside.py']
    expect(outside.filter((path) => existsSync(path))).toEqual([])
    await cluster.ledger(job.id)
    expect(cluster.leftInMemory(job.id, lab)).toEqual([])
  })

  test('bytes that are no archive fail their job too', async () => {
    const job = await cluster.ended(await createJobWith(Buffer.from('this is not a tar.gz')))
    expect(job.state).toBe('JOB_STATE_FAILED')
    expect(job.reason).toContain('archive is not a readable tar.gz')
  })
})

describe.skipIf(python === '')('a function', () => {
  test('with the SDK of another release is refused with both versions', async () => {
    const ended = await cluster.cli([
      '--json',
      'submit',
      '--watch',
      cluster.writeJob(aJob('versions', 'other_version.py')),
    ])
    expect(ended.code).toBe(1)
    const { state, reason } = shown({ ...ended, stdout: ended.stdout.trim().split('\n').at(-1)! })
    expect(state).toBe('failed')
    expect(reason).toMatch(
      /JoinRefused: .*speaks version 99, this parameter server 1; install the same release of both/,
    )
  })

  test('whose shard vanished after it was submitted, fails with the path', async () => {
    const file = cluster.writeJob(aJob('vanished', 'train.py'))
    // From another computer the files of a region cannot be checked.
    const { code, stdout } = await cluster.cli(['--json', 'submit', file])
    expect(code).toBe(0)
    rmSync(join(cluster.folder, 'vanished-onprem-lab.f32'))
    const job = await cluster.ended((JSON.parse(stdout) as Shown).id)
    expect(job.state).toBe('JOB_STATE_FAILED')
    expect(job.reason).toMatch(/DatasetMissing: .*vanished-onprem-lab\.f32 does not exist/)
  })
})

async function createJobWith(bundle: Buffer): Promise<string> {
  const { jobs } = cluster.services
  const bundleDigest = createHash('sha256').update(bundle).digest('hex')
  await jobs.uploadBundle(one({ digest: bundleDigest, totalBytes: bundle.length, data: bundle }))
  const spec = {
    name: 'raw',
    function: { bundleDigest, entrypoint: 'train.py' },
    shards: [{ region: lab, uri: 'file:///dev/null', samples: 10 }],
    training: { epochs: 1 },
  }
  const { job } = await jobs.createJob({ spec, requestId: randomUUID() })
  return job!.id
}

async function* one<T>(message: T): AsyncGenerator<T> {
  yield await Promise.resolve(message)
}

/** The error with which a stream ends before its first answer; null when it answers. */
async function firstAnswer(stream: AsyncIterable<unknown>): Promise<unknown> {
  try {
    for await (const _ of stream) return null
    return null
  } catch (error) {
    return error
  }
}

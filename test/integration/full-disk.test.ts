// A full disk, a real one: a small file system in memory, filled to the last block. What was acknowledged stays, what cannot
// be kept is refused or waits with the reason, and work goes on when there is room again. Needs root, to mount it.
import { spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openServices, type Services } from '#cli/services.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { clock, explainSkip, python, run, TestCluster, type Running } from './cluster.fixture.ts'

const canMount = mount('2m')
if (!canMount) process.stderr.write('full-disk: skipped, this user may not mount a file system (root may)\n')
explainSkip('full-disk: training')

let disk = ''
const started: Running[] = []

beforeEach(async () => {
  disk = await mkdtemp(join(tmpdir(), 'cl-disk-'))
})
afterEach(async () => {
  for (const each of started.splice(0)) {
    each.kill('SIGKILL')
    await each.ended
  }
  unmount(disk)
  await rm(disk, { recursive: true, force: true })
})

describe.skipIf(!canMount)('a full disk', () => {
  test('of the control plane: requests are refused as exhausted, what was acknowledged stays, and then it goes on', async () => {
    mountAt(disk, '4m')
    const controlPlane = startControlPlane()
    const services = await servicesOf(controlPlane)
    const spec = {
      name: 'kept',
      shards: [{ region: 'onprem/lab', uri: 'file:///data', samples: 10 }],
      training: { epochs: 1 },
    }
    const bundleDigest = await upload(services, Buffer.from('a bundle'))
    const create = (requestId: string) =>
      services.jobs.createJob({ spec: { ...spec, function: { bundleDigest, entrypoint: 'train.py' } }, requestId })
    const kept = (await create(randomUUID())).job!.id
    fill(disk)
    const large = await errorOf(upload(services, Buffer.alloc(200_000, 7)))
    expect(large).toMatchObject({ kind: 'exhausted', reason: 'DISK_FULL' })
    expect(large.message).toContain("the control plane's disk is full")
    // A job is small: it may still find room in a page that is there already.
    let refused: CloudlessError | null = null
    const acknowledged = [kept]
    for (let tries = 0; refused === null && tries < 500; tries++) {
      const outcome = await create(randomUUID()).catch((error: unknown) => error)
      if (outcome instanceof CloudlessError) refused = outcome
      else acknowledged.push((outcome as { job: { id: string } }).job.id)
    }
    expect(refused).toMatchObject({ kind: 'exhausted', reason: 'DISK_FULL' })
    expect((await services.jobs.getJob({ id: kept })).job?.id).toBe(kept)
    makeRoom(disk)
    const after = await create(randomUUID())
    acknowledged.push(after.job!.id)
    services[Symbol.dispose]()
    controlPlane.kill('SIGKILL')
    await controlPlane.ended
    const again = startControlPlane()
    const reopened = await servicesOf(again)
    const { jobs } = await reopened.jobs.listJobs({ pageSize: 500 })
    expect(jobs.map(({ id }) => id).sort()).toEqual(acknowledged.sort())
    reopened[Symbol.dispose]()
    again.kill('SIGTERM')
    expect((await again.ended).code).toBe(0)
  })

  test('of the control plane at its start is named', async () => {
    mountAt(disk, '1m')
    fill(disk)
    const { code, stderr } = await startControlPlane().ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/disk is full/)
    expect(stderr).not.toContain('    at ')
  })
})

describe.skipIf(!canMount || python === '')('a full disk of an agent', () => {
  const region = 'aws/us-east-1'
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await TestCluster.start({ regions: ['onprem/lab'], cpuUnits: 1 })
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  test('its job waits with the reason, the agent lives, and the job ends well when there is room', async () => {
    mountAt(disk, '2m')
    const state = join(disk, 'state')
    const flags = ['--control-plane', cluster.address, '--region', region, '--state', state, '--python', python]
    const agent = start('physical-plane/agent/main.ts', flags)
    await agent.printed('"ready":true')
    await connected(cluster.services, region)
    fill(disk)
    const id = await cluster.submit({
      name: 'waits-for-room',
      entrypoint: 'train.py',
      samples: { [region]: 160 },
      training: { epochs: 1, restarts_max: 1 },
    })
    const waiting = await cluster.until(id, ({ reason }) => reason.includes('ENOSPC'))
    expect(waiting.reason).toContain('no space left on device')
    makeRoom(disk)
    const job = await cluster.ended(id)
    expect(job.state, job.reason).toBe('JOB_STATE_SUCCEEDED')
    expect(job.progress).toMatchObject({ samplesDone: 160, samplesTotal: 160 })
    expect((await cluster.ledger(id)).length).toBeGreaterThan(0)
    agent.kill('SIGTERM')
    expect((await agent.ended).code).toBe(0)
  })
})

function mount(size: string): boolean {
  const place = join(tmpdir(), `cl-mount-${process.pid}`)
  mkdirSync(place)
  const isMounted = mountAt(place, size)
  if (isMounted) unmount(place)
  rmSync(place, { recursive: true, force: true })
  return isMounted
}

function mountAt(place: string, size: string): boolean {
  if (process.platform !== 'linux') return false
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', place], { stdio: 'ignore' }).status === 0
}

/** Lazily, so that a process that still looks at it cannot keep it. */
function unmount(place: string): void {
  spawnSync('umount', ['-l', place], { stdio: 'ignore' })
}

/** To the last block. */
function fill(place: string): void {
  for (let part = 0; ; part++) {
    try {
      writeFileSync(join(place, `filler-${part}`), Buffer.alloc(4096))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return
      throw error
    }
  }
}

function makeRoom(place: string): void {
  spawnSync('sh', ['-c', 'rm -f "$0"/filler-*', place])
}

function start(script: string, flags: readonly string[]): Running {
  const running = run(script, flags)
  started.push(running)
  return running
}

function startControlPlane(): Running {
  const flags = ['--data', join(disk, 'data'), '--listen', '127.0.0.1:0', '--log-level', 'error']
  return start('control-plane/main.ts', flags)
}

async function servicesOf(controlPlane: Running): Promise<Services> {
  const line = await controlPlane.firstLine
  return openServices((JSON.parse(line) as { readonly address: string }).address, clock)
}

async function upload({ jobs }: Services, data: Buffer): Promise<string> {
  const digest = createHash('sha256').update(data).digest('hex')
  await jobs.uploadBundle(
    (async function* () {
      yield await Promise.resolve({ digest, totalBytes: data.length, data })
    })(),
  )
  return digest
}

async function errorOf(promise: Promise<unknown>): Promise<CloudlessError> {
  const outcome = await promise.catch((error: unknown) => error)
  expect(outcome).toBeInstanceOf(CloudlessError)
  return outcome as CloudlessError
}

async function connected(services: Services, name: string): Promise<void> {
  while ((await services.regions.getRegion({ name })).region?.agentState !== 'AGENT_STATE_CONNECTED')
    await clock.sleep(50)
}

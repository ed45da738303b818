// The agent's core on real processes, a real Unix socket and real gRPC, with a small stand-in for the parameter server.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { openObjects } from '#physical-plane/object-store/open-objects.ts'
import { partitionPrefix } from '#physical-plane/parameter-server/checkpoints/object-checkpoints.ts'
import { ProcessRuntime } from '#physical-plane/runtime/process-runtime.ts'
import { serve, type RpcServer } from '#proto/rpc/serve.ts'
import { ControlPlane, aParameterServer, aSpec, aWorker } from './agent.fixture.ts'
import { Agent } from './agent.ts'
import { BundleCache } from './bundle-cache.ts'
import { agentConfig } from './config.ts'
import { openFolders, type Folders } from './folders.ts'
import { FunctionRuntime } from './function-runtime.ts'
import { GpuShares } from './gpu-shares.ts'
import { nextIdentity } from './identity.ts'
import { Journal } from './journal.ts'
import { JournalFile } from './journal-file.ts'
import { uploadModelFile } from './model-file.ts'
import { lockState } from './state-lock.ts'

const clock = systemClock()
const worker = 'j-1/lab/worker-0'
const server = 'j-1/lab/parameter-server'
let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'agent-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const client = join(import.meta.dirname, '../../proto/rpc/client.ts')
const clockFile = join(import.meta.dirname, '../../runtime/clock.ts')

/** Attaches, says where it listens, one round and then that it has finished with a model; ends when that is acknowledged. */
const standIn = `
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openClient } from ${JSON.stringify(client)}
import { systemClock } from ${JSON.stringify(clockFile)}
const config = JSON.parse(readFileSync(process.argv[3], 'utf8'))
const modelPath = join(config.stateDir, 'model.safetensors')
writeFileSync(modelPath, 'the model')
const service = openClient('cloudless.v1.InstanceService', 'unix:' + config.agentSocket, { clock: systemClock() })
const { instanceId, attempt, jobId, region } = config
async function* requests() {
  yield { hello: { instanceId, attempt, protocolVersion: 1 } }
  yield { round: { jobId, region, number: 1, bytesSent: 5 } }
  yield { status: { endpoint: config.advertiseHost + ':1', modelPath, progress: { region, phase: 'PARTITION_PHASE_FINISHED' } } }
  await new Promise(() => {})
}
console.log('stand-in for', jobId, 'with', config.spec.function.entrypoint)
for await (const { recordsAck } of service.attach(requests())) if (recordsAck?.count === 1) break
process.exit(0)
`

const train = `echo "$CLOUDLESS_INSTANCE_ID $CLOUDLESS_ATTEMPT $CLOUDLESS_UNITS $OMP_NUM_THREADS [$CUDA_VISIBLE_DEVICES] $GREETING $1"
echo "secret is [$SECRET]"
case "$CLOUDLESS_PARAMETER_SERVER" in unix:/*) exit 0 ;; esac
exit 1
`

async function aBundle(): Promise<{ readonly digest: string; readonly bytes: Buffer }> {
  const archive = pack()
  archive.entry({ name: 'train.sh' }, train)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(Buffer.from(chunk as Uint8Array))
  const bytes = gzipSync(Buffer.concat(chunks))
  return { digest: createHash('sha256').update(bytes).digest('hex'), bytes }
}

type Real = {
  readonly agent: Agent
  readonly controlPlane: ControlPlane
  readonly folders: Folders
  readonly models: Buffer[]
  readonly end: () => Promise<void>
}

async function aRealAgent(name: string, bundle: Buffer): Promise<Real> {
  const folders = openFolders(join(root, name))
  const script = join(root, `${name}.ts`)
  writeFileSync(script, standIn)
  const controlPlane = new ControlPlane()
  const models: Buffer[] = []
  const random = seededRandom(1)
  const given = { clock, log: silentLog, metrics: createMetrics() }
  const bundles = new BundleCache(
    folders.bundles,
    {
      fetchBundle: async function* () {
        for (let at = 0; at < bundle.length; at += 100)
          yield { totalBytes: bundle.length, data: bundle.subarray(at, at + 100) }
      },
    },
    clock,
  )
  await bundles.clean()
  const uploadModel = uploadModelFile({
    uploadModel: async (requests) => {
      let digest = ''
      for await (const request of requests) {
        digest ||= request.digest ?? ''
        if (request.data !== undefined) models.push(Buffer.from(request.data as Uint8Array))
      }
      return { digest }
    },
  })
  const storage = new JournalFile(folders.journal, silentLog)
  const journal = await Journal.open({ storage, clock, log: silentLog, config: agentConfig })
  const objects = openObjects(pathToFileURL(join(root, `${name}-objects`)).href, '--object-store', random)
  const processes = new ProcessRuntime({ folder: folders.instances, clock, random, log: silentLog })
  const runtime = new FunctionRuntime(processes, bundles, {
    folders,
    region: 'onprem/lab',
    objects,
    python: '/bin/sh',
    bindHost: '127.0.0.1',
    advertiseHost: 'lab.example',
    logLevel: 'info',
    environment: { ...process.env, SECRET: 'hunter2' },
    shares: new GpuShares(null),
    threadsPerGpu: 1,
    dataServerScript: '',
    dataStagerScript: '',
    parameterServerScript: script,
  })
  const agent = new Agent({
    ...given,
    random,
    runtime,
    fleet: controlPlane.fleet,
    uploadModel,
    journal,
    region: 'onprem/lab',
    version: '0.1.0',
    devices: [{ id: 'cpu-0', model: 'cpu', units: 4, memoryBytes: 1 }],
    ...(await nextIdentity(journal, random)),
  })
  const services = { 'cloudless.v1.InstanceService': agent.instanceService }
  const desk: RpcServer = await serve({ ...given, services, listen: { socketPath: folders.agentSocket } })
  await agent.start()
  void agent.run()
  const end = async (): Promise<void> => {
    await agent.stop({ keepInstances: false })
    await desk.stop(0)
    await storage.close()
  }
  return { agent, controlPlane, folders, models, end }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await clock.sleep(10)
}

describe('a job on real processes', () => {
  test('trains, reports, uploads its model, and functions see only their own environment', async () => {
    const { digest, bytes } = await aBundle()
    const { controlPlane, folders, models, end } = await aRealAgent('a', bytes)
    const code = {
      bundleDigest: digest,
      entrypoint: 'train.sh',
      arguments: ['one argument'],
      environment: { GREETING: 'hello' },
    }
    const spec = aSpec({ function: code })
    controlPlane.desire([aWorker({ spec, units: 3 }), aParameterServer({ spec, uploadsModel: true })])
    const isDone = (id: string): boolean => controlPlane.observed.get(id)?.state === 'INSTANCE_STATE_COMPLETED'
    await until(() => isDone(worker) && isDone(server) && controlPlane.observed.get(server)?.modelDigest !== '')
    await until(() => controlPlane.logs.get(worker)?.includes('secret') === true && controlPlane.logs.has(server))
    await end()
    expect(controlPlane.logs.get(worker)?.toString()).toBe(`${worker} 1 3 3 [] hello one argument\nsecret is []\n`)
    expect(controlPlane.logs.get(server)?.toString()).toBe('stand-in for j-1 with train.sh\n')
    expect(Buffer.concat(models).toString()).toBe('the model')
    expect(controlPlane.records.filter(({ round }) => round != null).length).toBe(1)
    const config = join(folders.job('j-1'), 'parameter-server.json')
    expect(statSync(config).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(config, 'utf8'))).toMatchObject({
      instanceId: server,
      attempt: 1,
    })
    expect(() => statSync(folders.shared('j-1'))).toThrow(/ENOENT/)
  })

  test('a script that is not in the bundle, or outside of it, fails the instance by name', async () => {
    const { digest, bytes } = await aBundle()
    const { controlPlane, end } = await aRealAgent('b', bytes)
    const wrong = ['other.py', '../../journal', '/etc/passwd', ''].map((entrypoint, index) =>
      aWorker({
        id: `j-1/lab/worker-${index}`,
        spec: aSpec({ function: { bundleDigest: digest, entrypoint, arguments: [], environment: {} } }),
      }),
    )
    controlPlane.desire(wrong)
    await until(() => wrong.every(({ id }) => controlPlane.observed.get(id)?.state === 'INSTANCE_STATE_FAILED'))
    const reason = controlPlane.observed.get('j-1/lab/worker-1')?.reason
    await end()
    expect(reason).toMatch(/function\.entrypoint: "\.\.\/\.\.\/journal" is no file/)
  })

  test('bytes that are not the bundle asked for are fetched again, not run', async () => {
    const { controlPlane, end } = await aRealAgent('c', Buffer.from('something else'))
    controlPlane.desire([aWorker()])
    await until(() => controlPlane.observed.get(worker)?.state === 'INSTANCE_STATE_BACKING_OFF')
    const reason = controlPlane.observed.get(worker)?.reason
    await end()
    expect(reason).toMatch(/fetch it again/)
  })
})

test('a forgotten job leaves nothing of this region, in the state folder or the object store', async () => {
  const folders = openFolders(join(root, 'forgetting'))
  const objects = openObjects(pathToFileURL(join(root, 'shared-objects')).href, '--object-store', seededRandom(1))
  const processes = new ProcessRuntime({ folder: folders.instances, clock, random: seededRandom(1), log: silentLog })
  const bundles = new BundleCache(folders.bundles, { fetchBundle: async function* () {} }, clock)
  const runtime = new FunctionRuntime(processes, bundles, {
    folders,
    region: 'onprem/lab',
    objects,
    python: '/bin/sh',
    bindHost: '127.0.0.1',
    advertiseHost: 'lab.example',
    logLevel: 'info',
    environment: {},
    shares: new GpuShares(null),
    threadsPerGpu: 1,
    dataServerScript: '',
    dataStagerScript: '',
    parameterServerScript: '',
  })
  const kept = [`${partitionPrefix('j-2', 'onprem/lab')}x`, `${partitionPrefix('j-1', 'onprem/lab-2')}x`]
  for (const name of [`${partitionPrefix('j-1', 'onprem/lab')}objects/x`, ...kept])
    await objects.put(name, Buffer.from('x'))
  mkdirSync(folders.job('j-1'), { recursive: true })
  await runtime.forgetJob('j-1')
  expect(existsSync(folders.job('j-1'))).toBe(false)
  expect(await objects.list('jobs/')).toEqual(kept.toSorted())
  await runtime.forgetJob('j-1')
})

test('a state folder has one agent at a time', async () => {
  const first = await lockState(join(root, 'locked'))
  await expect(lockState(join(root, 'locked'))).rejects.toThrow(/another agent uses the state folder .*locked/)
  const other = await lockState(join(root, 'other'))
  other.release()
  first.release()
  const next = await lockState(join(root, 'locked'))
  next.release()
})

test('sockets have short paths, wherever the state is', () => {
  const folders = openFolders(join(root, 'a-very-long-folder-name-for-the-state-of-an-agent/that-goes-on-and-on'))
  expect(folders.workerSocket('j-1').length).toBeLessThan(100)
  expect(folders.agentSocket.length).toBeLessThan(100)
  expect(folders.workerSocket('j-1')).not.toBe(folders.workerSocket('j-2'))
  rmSync(folders.sockets, { recursive: true })
})

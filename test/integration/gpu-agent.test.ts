// An agent on a machine with a fake GPU: real processes on shares of it, held back by the real interposer as its manager says,
// told of, metered, taken over by the next agent, and ended when the GPU is gone.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent } from '#physical-plane/agent/agent.ts'
import { ControlPlane, aSpec, aWorker } from '#physical-plane/agent/agent.fixture.ts'
import { BundleCache } from '#physical-plane/agent/bundle-cache.ts'
import { agentConfig } from '#physical-plane/agent/config.ts'
import { findGpus } from '#physical-plane/agent/find-gpus.ts'
import { openFolders } from '#physical-plane/agent/folders.ts'
import { FunctionRuntime } from '#physical-plane/agent/function-runtime.ts'
import { nextIdentity } from '#physical-plane/agent/identity.ts'
import { Journal } from '#physical-plane/agent/journal.ts'
import { JournalFile } from '#physical-plane/agent/journal-file.ts'
import { watchGpus } from '#physical-plane/agent/nvidia/watch-gpus.ts'
import { openObjects } from '#physical-plane/object-store/open-objects.ts'
import { ProcessRuntime } from '#physical-plane/runtime/process-runtime.ts'
import type { DesiredInstance__Output } from '#proto/generated/cloudless/v1/DesiredInstance.ts'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { buildFakeGpu, hasCompiler, type BuiltFakeGpu } from '#test/fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu } from '#test/fake-gpu/fake-gpu.ts'

const clock = systemClock()
const gib = 2 ** 30
const hasCc = hasCompiler()
if (!hasCc)
  process.stderr.write('gpu-agent: skipped, there is no C compiler "cc" for the fake GPU and the interposer\n')

let root = ''
let fake: BuiltFakeGpu
let bundle: { readonly digest: string; readonly bytes: Buffer }
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'gpu-'))
  if (hasCc) fake = await buildFakeGpu()
  const archive = pack()
  archive.entry({ name: 'run.sh' }, 'exec "$@"\n')
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(Buffer.from(chunk as Uint8Array))
  const bytes = gzipSync(Buffer.concat(chunks))
  bundle = { digest: createHash('sha256').update(bytes).digest('hex'), bytes }
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

type Running = { readonly agent: Agent; readonly stop: (keepInstances: boolean) => Promise<void> }

/** One machine: agents on it come one after the other. */
function aMachine(name: string) {
  const file = join(root, `${name}.gpu`)
  const gpu = makeFakeGpu(file, { name: 'Tesla T4', model: 'processor-sharing', memoryBytes: 16 * gib })
  const folders = openFolders(join(root, name))
  const controlPlane = new ControlPlane()
  const environment = {
    PATH: `${join(import.meta.dirname, '../fake-gpu')}:${process.env['PATH'] ?? ''}`,
    FAKE_GPU_FILE: file,
    LD_LIBRARY_PATH: fake.folder,
  }
  const random = seededRandom(1)
  const worker = (
    number: number,
    requestMilli: number,
    limitMilli: number,
    memoryBytes = 0,
  ): DesiredInstance__Output => {
    const args = [fake.client('train'), '--seconds', '60', '--compute-ms', '20', '--bubble-ms', '2']
    const code = { bundleDigest: bundle.digest, entrypoint: 'run.sh', arguments: args, environment }
    const id = `j-${number}/lab/worker-0`
    const gpuShare = { requestMilli, limitMilli, memoryBytes, smMilli: 0 }
    return aWorker({ id, jobId: `j-${number}`, deviceModel: 'nvidia-t4', spec: aSpec({ function: code }), gpuShare })
  }
  const startAgent = async (pollMs = 60_000): Promise<Running> => {
    const given = { clock, log: silentLog, metrics: createMetrics() }
    const monotonicNs = (): number => Number(process.hrtime.bigint())
    const flags = { sharesGpus: true, usesMps: false, timeSharing: 'reflexes' as const }
    const found = await findGpus({ flags, folders, environment, clock, log: silentLog, monotonicNs })
    const storage = new JournalFile(folders.journal, silentLog)
    const journal = await Journal.open({ storage, clock, log: silentLog, config: agentConfig })
    const fetchBundle = async function* () {
      yield { totalBytes: bundle.bytes.length, data: bundle.bytes }
    }
    const bundles = new BundleCache(folders.bundles, { fetchBundle }, clock)
    await bundles.clean()
    const processes = new ProcessRuntime({ folder: folders.instances, clock, random, log: silentLog })
    const runtime = new FunctionRuntime(processes, bundles, {
      folders,
      region: 'onprem/lab',
      objects: openObjects(pathToFileURL(join(root, `${name}-objects`)).href, '--object-store', random),
      python: '/bin/sh',
      bindHost: '127.0.0.1',
      advertiseHost: '127.0.0.1',
      logLevel: 'info',
      environment,
      shares: found.shares,
      threadsPerGpu: 1,
      dataServerScript: '',
      dataStagerScript: '',
      parameterServerScript: '',
    })
    const agent = new Agent({
      ...given,
      random,
      runtime,
      fleet: controlPlane.fleet,
      uploadModel: () => Promise.resolve(''),
      journal,
      region: 'onprem/lab',
      version: '0.1.0',
      devices: found.devices,
      shares: found.shares,
      ...(await nextIdentity(journal, random)),
    })
    await agent.start()
    const ended = new AbortController()
    void agent.run()
    void watchGpus({ ...found.watch!, pollMs, onChange: (gpus) => agent.devicesAre(gpus) }, found.devices, ended.signal)
    const stop = async (keepInstances: boolean): Promise<void> => {
      ended.abort()
      await agent.stop({ keepInstances })
      await storage.close()
    }
    return { agent, stop }
  }
  return { gpu, controlPlane, worker, startAgent, loseGpu: () => unlinkSync(file) }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await clock.sleep(20)
}

describe.skipIf(!hasCc)('an agent with a GPU', () => {
  test('runs two instances on shares of it, tells what they use, and meters that through its own restart', async () => {
    const { gpu, controlPlane, worker, startAgent } = aMachine('two')
    const first = await startAgent()
    controlPlane.desire([
      worker(0, 400, 600),
      worker(1, 300, 500, 2 * gib),
      worker(2, 400, 400),
      worker(3, 500, 500, 17 * gib),
    ])
    const stateOf = (number: number): string => String(controlPlane.observed.get(`j-${number}/lab/worker-0`)?.state)
    const reasonOf = (number: number): string => controlPlane.observed.get(`j-${number}/lab/worker-0`)?.reason ?? ''
    const used = (number: number): number =>
      controlPlane.uses.find(({ instanceId }) => instanceId === `j-${number}/lab/worker-0`)?.usedMilli ?? 0
    await until(() => used(0) > 0 && used(1) > 0 && stateOf(3) === 'INSTANCE_STATE_FAILED')
    expect(controlPlane.devices).toMatchObject([
      { id: gpu.uuid, model: 'nvidia-t4', units: 1, sharing: 'DEVICE_SHARING_INTERPOSER' },
    ])
    expect(controlPlane.uses.map(({ deviceId, instanceId, share }) => ({ deviceId, instanceId, share }))).toMatchObject(
      [
        { deviceId: gpu.uuid, instanceId: 'j-0/lab/worker-0', share: { requestMilli: 400, limitMilli: 600 } },
        { deviceId: gpu.uuid, instanceId: 'j-1/lab/worker-0', share: { requestMilli: 300, limitMilli: 500 } },
      ],
    )
    expect(reasonOf(2)).toBe(
      `waits for 1 x 0.4 (limit 0.4) of nvidia-t4: ${gpu.uuid} has 0.3 to guarantee, 0.4 of limits and 14.0 GiB left`,
    )
    expect(reasonOf(3)).toBe(
      `j-3/lab/worker-0 asks for 0.5 of one nvidia-t4 with 17.0 GiB, and ${gpu.uuid} has 16.0 GiB; lower gpu_share.memory_gib`,
    )

    await first.stop(true)
    controlPlane.uses = []
    const second = await startAgent()
    // The same processes, known by their tags.
    await until(() => used(0) > 0 && used(1) > 0)
    expect(controlPlane.observed.get('j-0/lab/worker-0')).toMatchObject({ state: 'INSTANCE_STATE_RUNNING', attempt: 1 })

    controlPlane.desire([worker(2, 400, 400)])
    await until(() => used(2) > 0)
    controlPlane.desire([])
    const metered = (number: number) =>
      controlPlane.records.flatMap(({ usage }) =>
        usage?.jobId === `j-${number}` && usage.kind === 'USAGE_KIND_DEVICE_SECONDS' ? [usage] : [],
      )
    const isOver = (number: number): boolean =>
      controlPlane.records.some(({ event }) => event?.jobId === `j-${number}` && event.kind === 'killed')
    await until(() => [0, 1, 2].every(isOver))
    for (const [number, request, limit] of [
      [0, 0.4, 0.6],
      [1, 0.3, 0.5],
    ] as const) {
      const usages = metered(number)
      expect(usages.every(({ subject }) => subject === 'nvidia-t4')).toBe(true)
      const seconds = usages.reduce((sum, { fromMs, toMs }) => sum + (Number(toMs) - Number(fromMs)) / 1_000, 0)
      const quantity = usages.reduce((sum, each) => sum + Number(each.quantity), 0)
      expect(quantity).toBeGreaterThanOrEqual(request * seconds - 1e-6)
      expect(quantity).toBeLessThanOrEqual(limit * seconds + 1e-6)
    }
    await second.stop(false)
  })

  test('ends what runs on a GPU that is gone, naming both, and starts it again when the GPU is back', async () => {
    const { gpu, controlPlane, worker, startAgent, loseGpu } = aMachine('lost')
    const { stop } = await startAgent(50)
    controlPlane.desire([worker(0, 500, 800)])
    const observed = () => controlPlane.observed.get('j-0/lab/worker-0')
    await until(() => observed()?.state === 'INSTANCE_STATE_RUNNING')
    loseGpu()
    await until(() => controlPlane.devices.length === 0)
    const told = (): string => controlPlane.records.map(({ event }) => event?.text ?? '').join('\n')
    await until(() => told().includes(`j-0/lab/worker-0 has lost its device ${gpu.uuid}, which is gone`))
    await until(() => observed()?.reason === 'waits for 1 x 0.5 (limit 0.8) of nvidia-t4: no nvidia-t4 is here now')
    makeFakeGpu(gpu.path, { name: 'Tesla T4', memoryBytes: 16 * gib, uuid: gpu.uuid })
    await until(() => observed()?.state === 'INSTANCE_STATE_RUNNING' && observed()?.attempt === 2)
    expect(controlPlane.devices).toMatchObject([{ id: gpu.uuid }])
    await stop(false)
  })
})

// The other load of a device that is held in parts: a function with an objective on half of the multiprocessors, a training on all of
// them and a filler without a request. What the function's requests take beside those two, what the training keeps, and what is left
// for the filler; and the same three without parts and tokens (racing).
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BuiltFakeGpu } from '#test/fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu } from '#test/fake-gpu/fake-gpu.ts'
import {
  type ClientRun,
  type Measured,
  runTogether,
  type ShareOfClient,
  startManager,
} from '../fake-gpu-sharing/clients.ts'

const lasting = { seconds: 8, 'warm-up': 2 }
const sloMs = 20

const confined = { role: 'confined', requestMilli: 400, limitMilli: 900 } as const
const training: ShareOfClient = { id: 'training', tag: 71, work: 'training', ...confined }
const serving: ShareOfClient = {
  id: 'serving',
  tag: 72,
  role: 'protected',
  work: 'inference',
  requestMilli: 300,
  limitMilli: 600,
  smMilli: 500,
  sloMs,
}
const filler: ShareOfClient = {
  ...confined,
  id: 'filler',
  tag: 73,
  work: 'inference',
  requestMilli: 0,
  limitMilli: 500,
  smMilli: 300,
}

type Client = { readonly share: ShareOfClient; readonly run: Omit<ClientRun, 'environment'> }

const clients: readonly Client[] = [
  // About a tenth of the device: 20 requests a second, of 5 ms on half of it.
  {
    share: serving,
    run: { program: 'serve', args: { ...lasting, rate: 20, 'service-ms': 5, demand: 500, 'slo-ms': sloMs } },
  },
  {
    share: training,
    run: { program: 'train', args: { ...lasting, 'compute-ms': 60, kernels: 120, 'bubble-ms': 15, demand: 1000 } },
  },
  {
    share: filler,
    run: { program: 'fill', args: { ...lasting, 'kernel-ms': 0.25, kernels: 4, ahead: 2, demand: 300 } },
  },
]

type Scene = { readonly fake: BuiltFakeGpu; readonly interposer: string; readonly folder: string }

export type Guarded = {
  readonly p99Ms: number
  readonly overPart: number
  /** Of the device's time, on what it has of it. */
  readonly trainingUsed: number
  readonly fillerUsed: number
}

export async function guarded(scene: Scene, isShared: boolean): Promise<Guarded> {
  const path = join(scene.folder, 'device')
  const gpu = makeFakeGpu(path, { model: 'processor-sharing' })
  const shares = clients.map(({ share }) => share)
  const { interposer, folder } = scene
  const device = { deviceId: gpu.uuid, memoryBytes: gpu.memoryBytes }
  const manager = isShared ? await startManager({ folder, interposer, ...device, shares }) : null
  try {
    const runs = clients.map(({ run, share }): ClientRun => {
      const environment = { FAKE_GPU_FILE: path, CUDA_VISIBLE_DEVICES: gpu.uuid }
      return { ...run, environment: { ...environment, ...manager?.environmentOf(share) } }
    })
    const [served, trained, filled] = (await runTogether(scene.fake, runs)) as [Measured, Measured, Measured]
    return {
      p99Ms: served['p99_ms']!,
      overPart: served['over']! / served['requests']!,
      trainingUsed: trained['gpu_ms']! / 1000 / (trained['seconds'] ?? lasting.seconds),
      fillerUsed: filled['gpu_ms']! / 1000 / filled['seconds']!,
    }
  } finally {
    await manager?.stop()
    rmSync(path)
  }
}

// What the interposer adds to a launch, in ns, against the bare call in the same run: a C client calls cuLaunchKernel of a driver
// that does nothing. Each setting is measured in turns with the others; its figure is the median over the turns.
//   unset  the library is loaded, its environment is not set
//   idle   a shared file is there, but no agent's heartbeat
//   pass   an agent is there and lets everything pass: counted, charged, 1 launch in 64 measured
//   token  tokens and bounded work in flight: an event closes each 500 us of work
// The driver's own events cost nothing here; on a real one an event costs about a microsecond, once in a segment.
import { assert } from '#runtime/assert.ts'
import { InterposerBench, hasCompiler, type TestGpu } from '#physical-plane/interposer/interposer.fixture.ts'
import type { Order } from '#physical-plane/gpu-sharing/layout.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const turns = 9
const launches = 20_000
const rounds = 15

type Setting = {
  readonly name: 'bare' | 'unset' | 'idle' | 'pass' | 'token'
  /** Null: nothing is ordered. */
  readonly order: Partial<Order> | null
  readonly environment: (bench: InterposerBench) => NodeJS.ProcessEnv
}

const settings: readonly Setting[] = [
  { name: 'bare', order: null, environment: () => ({ LD_PRELOAD: '' }) },
  { name: 'unset', order: null, environment: () => ({ CLOUDLESS_GPU_FILES: '' }) },
  { name: 'idle', order: null, environment: () => ({}) },
  { name: 'pass', order: {}, environment: () => ({}) },
  {
    name: 'token',
    order: { mode: 'tokens', grantedNs: 1e17, segmentsMax: 2, segmentUs: 500 },
    environment: () => ({}),
  },
]

export async function run({ note }: BenchOptions): Promise<BenchResult> {
  assert(hasCompiler, 'this benchmark needs a C compiler (cc) on PATH')
  const bench = await InterposerBench.open()
  try {
    const times = new Map<string, number[]>(settings.map(({ name }) => [name, []]))
    for (let turn = 0; turn < turns; turn++) {
      for (const setting of settings) {
        const gpu = bench.gpu(`${setting.name}-${turn}`)
        times.get(setting.name)!.push(await launchNs(bench, gpu, setting))
        gpu.close()
      }
    }
    const of = (name: Setting['name']): number => median(times.get(name)!)
    const added = (name: Setting['name']): number => Math.max(0, of(name) - of('bare'))
    for (const { name } of settings) note(`${name}: ${of(name).toFixed(1)} ns a launch`)
    return {
      idle_ns: added('idle'),
      pass_ns: added('pass'),
      token_ns: added('token'),
      unset_ns: added('unset'),
      bare_ns: of('bare'),
      turns,
    }
  } finally {
    bench.close()
  }
}

async function launchNs(bench: InterposerBench, gpu: TestGpu, { name, order, environment }: Setting): Promise<number> {
  if (order === null) gpu.beat({ agoMs: 3_600_000 })
  const script = ['elf', 'cuCtxSynchronize', 'line', `bench:${launches}:${rounds}`]
  // Without a log the driver does nothing at all.
  const client = bench.start([gpu], script, { LOGGING_CUDA_LOG: undefined, ...environment(bench) })
  await client.ready()
  if (order !== null) gpu.order(0, order)
  client.goOn()
  const { lines } = await client.ended()
  const told = lines.find((line) => line.startsWith('launch_ns '))
  assert(told !== undefined, `the client of setting ${name} did not finish: ${lines.join(', ')}`)
  return Number(told.split(' ')[1])
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

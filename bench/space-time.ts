// Parts of a GPU's multiprocessors, and of the time on them, on the fake GPU of test/fake-gpu with real processes: the load of
// FaST-GShare (ICPP'23, arXiv 2309.00558) of four ResNets (12 % for 40 % of the time), two RNNTs (24 %, 40 %) and two BERTs (50 %, 60 %),
// 98 % of the area of one device. How much of what each has alone on the same share it keeps beside the others, and what the
// same eight do without parts and tokens (racing, as under plain MPS). Says how our parts behave, NOT what a real GPU does:
// on the fake one racing costs nobody any caches or bandwidth.
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claimAt, decodeClaim, decodeOrder, orderLine, slotAt, slotFields } from '#physical-plane/gpu-sharing/layout.ts'
import { buildInterposer } from '#physical-plane/interposer/build-interposer.ts'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { type BuiltFakeGpu, buildFakeGpu, hasCompiler } from '#test/fake-gpu/build-fake-gpu.ts'
import { makeFakeGpu } from '#test/fake-gpu/fake-gpu.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { type ClientRun, runTogether, type ShareOfClient, startManager } from './fake-gpu-sharing/clients.ts'
import { guarded } from './space-time/guarded.ts'

const seconds = 5
const warmUpSeconds = 1
const sampleMs = 0.5
/** Slots are taken from the first on. */
const slotsSeen = 16

type Kind = {
  readonly name: string
  readonly count: number
  readonly smMilli: number
  readonly requestMilli: number
  /** From here on more multiprocessors do not help it. */
  readonly demandMilli: number
}

/** Where the published throughput no longer grows: ResNet and RNNT at 24 % of the multiprocessors, BERT at 50 %. */
const kinds: readonly Kind[] = [
  { name: 'resnet', count: 4, smMilli: 120, requestMilli: 400, demandMilli: 240 },
  { name: 'rnnt', count: 2, smMilli: 240, requestMilli: 400, demandMilli: 240 },
  { name: 'bert', count: 2, smMilli: 500, requestMilli: 600, demandMilli: 500 },
]

type Bench = { readonly fake: BuiltFakeGpu; readonly interposer: string; readonly folder: string }
type Client = { readonly kind: Kind; readonly share: ShareOfClient }

export async function run({ note }: BenchOptions): Promise<BenchResult> {
  if (!hasCompiler()) throw new CloudlessError('unavailable', 'NO_COMPILER', 'the fake GPU needs a C compiler, cc')
  const folder = mkdtempSync(join(tmpdir(), 'cl-bench-space-'))
  try {
    const bench = { fake: await buildFakeGpu(), interposer: await buildInterposer({ folder }), folder }
    const alone = new Map<string, number>()
    for (const kind of kinds) {
      const [client] = clientsOf([{ ...kind, count: 1 }], 0)
      const { rates } = await shared(bench, [client!])
      alone.set(kind.name, rates[0]!)
      note(`${kind.name} alone on its share: ${percent(rates[0]!)} of the device`)
    }
    const clients = clientsOf(kinds, 100)
    const together = await shared(bench, clients)
    const racing = await runAll(bench, clients, () => ({}))
    const keptOf = (rates: readonly number[]): readonly number[] =>
      rates.map((rate, i) => rate / alone.get(clients[i]!.kind.name)!)
    const kept = keptOf(together.rates)
    const keptRacing = keptOf(racing)
    note(`together each keeps ${kept.map(percent).join(', ')}`)
    note(`racing each keeps ${keptRacing.map(percent).join(', ')}`)
    const [guardedShared, guardedRacing] = [await guarded(bench, true), await guarded(bench, false)]
    for (const [name, seen] of Object.entries({ beside: guardedShared, racing: guardedRacing }))
      note(
        `an objective of 20 ms, ${name}: p99 ${seen.p99Ms.toFixed(1)} ms; training ${percent(seen.trainingUsed)} of the device, filler ${percent(seen.fillerUsed)}`,
      )
    return {
      kept_min: Math.min(...kept),
      kept_min_racing: Math.min(...keptRacing),
      over_sm_instants: together.overInstants,
      sampled_instants: together.instants,
      sm_milli_most: together.mostMilli,
      device_used: sum(together.rates),
      device_used_racing: sum(racing),
      device_used_by_requests: sum(clients.map(({ kind }) => alone.get(kind.name)!)),
      throughput_vs_racing: sum(together.rates) / sum(racing),
      guarded_p99_ms: guardedShared.p99Ms,
      guarded_p99_ms_racing: guardedRacing.p99Ms,
      guarded_over: guardedShared.overPart,
      guarded_over_racing: guardedRacing.overPart,
      guarded_training_used: guardedShared.trainingUsed,
      guarded_training_used_racing: guardedRacing.trainingUsed,
      guarded_filler_used: guardedShared.fillerUsed,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** `more`: of time beyond the request, in thousandths. */
function clientsOf(all: readonly Kind[], more: number): readonly Client[] {
  let tag = 30
  return all.flatMap((kind) =>
    Array.from({ length: kind.count }, (_, i): Client => {
      const { name, smMilli, requestMilli } = kind
      const limitMilli = Math.min(1000, requestMilli + more)
      const id = `${name}-${i}`
      return {
        kind,
        share: { id, tag: tag++, role: 'protected', work: 'inference', requestMilli, limitMilli, smMilli },
      }
    }),
  )
}

type Shared = {
  /** Of the whole device, by client. */
  readonly rates: readonly number[]
  readonly instants: number
  readonly overInstants: number
  readonly mostMilli: number
}

/** With parts and tokens; the orders in the shared file are looked at all the while. */
async function shared(bench: Bench, clients: readonly Client[]): Promise<Shared> {
  const seen = { instants: 0, overInstants: 0, mostMilli: 0 }
  const rates = await runAll(bench, clients, async (device) => {
    const shares = clients.map(({ share }) => share)
    const { folder, interposer } = bench
    const manager = await startManager({ folder, interposer, ...device, shares })
    const file = openSync(manager.path, 'r')
    const timer = setInterval(() => {
      const milli = liveMilli(file, clients) ?? liveMilli(file, clients) ?? liveMilli(file, clients)
      if (milli === null) return
      seen.instants += 1
      seen.mostMilli = Math.max(seen.mostMilli, milli)
      if (milli > 1000) seen.overInstants += 1
    }, sampleMs)
    return {
      environments: shares.map((share) => manager.environmentOf(share)),
      stop: async () => {
        clearInterval(timer)
        closeSync(file)
        await manager.stop()
      },
    }
  })
  return { rates, ...seen }
}

type Controlled = {
  readonly environments?: readonly Readonly<Record<string, string>>[]
  readonly stop?: () => Promise<void>
}

async function runAll(
  { fake, folder }: Bench,
  clients: readonly Client[],
  control: (device: { readonly deviceId: string; readonly memoryBytes: number }) => Controlled | Promise<Controlled>,
): Promise<readonly number[]> {
  const path = join(folder, 'device')
  const gpu = makeFakeGpu(path, { model: 'processor-sharing' })
  const { environments, stop } = await control({ deviceId: gpu.uuid, memoryBytes: gpu.memoryBytes })
  try {
    const runs = clients.map(({ kind }, i): ClientRun => {
      const device = { FAKE_GPU_FILE: path, CUDA_VISIBLE_DEVICES: gpu.uuid }
      const lasting = { seconds, 'warm-up': warmUpSeconds }
      const args = { ...lasting, 'kernel-ms': 0.5, kernels: 4, ahead: 2, demand: kind.demandMilli }
      return { program: 'fill', args, environment: { ...device, ...environments?.[i] } }
    })
    const measured = await runTogether(fake, runs)
    return measured.map((each) => each['gpu_ms']! / 1000 / each['seconds']!)
  } finally {
    await stop?.()
    rmSync(path)
  }
}

/** Multiprocessors, in thousandths, of the windows that are open now, as the shared file says; null while orders are written. */
function liveMilli(file: number, clients: readonly Client[]): number | null {
  const read = (): Buffer => {
    const bytes = Buffer.alloc(slotAt(slotsSeen))
    readSync(file, bytes, 0, bytes.length, 0)
    return bytes
  }
  const bytes = read()
  const nowNs = Number(process.hrtime.bigint())
  const again = read()
  let milli = 0
  for (let slot = 0; slot < slotsSeen; slot++) {
    const tag = Number(bytes.readBigUInt64LE(slotAt(slot) + slotFields.tag.at))
    const client = clients.find(({ share }) => share.tag === tag)
    // Whoever has ended has given its slot back, and its orders bind nobody.
    if (client === undefined || decodeClaim(bytes, claimAt(slot)) === null) continue
    const at = slotAt(slot) + orderLine.at
    const lines = bytes.subarray(at, at + orderLine.bytes)
    const told = decodeOrder(lines)
    // Read twice and the same: nobody wrote in between.
    if (told === null || told.sequence % 2 === 1 || !again.subarray(at, at + orderLine.bytes).equals(lines)) return null
    const isOpen = told.order.windows.some(({ fromNs, untilNs }) => fromNs <= nowNs && nowNs < untilNs)
    if (isOpen) milli += client.kind.smMilli
  }
  return milli
}

function sum(values: readonly number[]): number {
  assert(values.length > 0, 'a sum needs values')
  return values.reduce((total, value) => total + value, 0)
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`
}

// One strategy on the four regions, on a virtual clock: real partitions with the real strategy, codecs and rounds, real
// gradients, and a network that takes the time of the matrix. The network's rates are divided by the ratio of Pythia's
// parameters to the small model's, so that a message of the small model takes as long as Pythia's would.
import { memoryCheckpoints } from '#physical-plane/parameter-server/checkpoint.ts'
import { Partition } from '#physical-plane/parameter-server/partition.ts'
import { payloadMemory } from '#physical-plane/parameter-server/peers/payload-memory.ts'
import { VectorMemory } from '#physical-plane/parameter-server/replica/memory.ts'
import { resolveSync, type GivenSync } from '#proto/sync/resolve-sync.ts'
import { strategies } from '#proto/sync/strategies.ts'
import { present } from '#runtime/assert.ts'
import { invalid } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom, type Random } from '#runtime/random.ts'
import { settle, VirtualClock } from '#runtime/virtual-clock.ts'
import type { Measurement } from '../wan-training/time-to-target.ts'
import type { Images } from './images.ts'
import {
  billedElements,
  exchangeMs,
  gbitPerSecond,
  regions as matrixRegions,
  roundTripMs,
  workersPerRegion,
} from './matrix.ts'
import { accuracyOf, elements, initialValues } from './network.ts'
import { runWorker } from './simulated-worker.ts'
import { Wires } from './wires.ts'

/** regions: four with four workers each; alone: the first of them; together: all images and workers in one region. */
export type Place = 'regions' | 'alone' | 'together'

export type SimulationOptions = {
  readonly place: Place
  readonly sync: GivenSync & { readonly strategy: string }
  readonly learningRate: number
  readonly seed: number
  readonly batch: number
  /** Of a step's computation, in virtual time. */
  readonly stepMs: number
  /** Of virtual time. */
  readonly seconds: number
  readonly evaluateSeconds: number
  readonly training: Images
  readonly heldOut: Images
}

export type SimulationResult = {
  /** Of the first region's replica, by virtual seconds. */
  readonly accuracy: readonly Measurement[]
  /** Bytes of payloads as if of Pythia's size, by virtual seconds. */
  readonly wanBytes: readonly Measurement[]
  readonly steps: number
  /** Of the workers' time: what was neither computation nor the exchange with their parameter server. */
  readonly stallShare: number
  readonly rounds: number
}

/** How many times larger the model is whose messages are billed. */
const scale = billedElements / elements
const leaseBatches = 32
const epochs = 1_000_000
/** A small arena is enough for a small model; its kernels run where they are called. */
const arenaBytes = 2 ** 24
const checkpointMs = 20

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, batch, seconds, evaluateSeconds, heldOut } = options
  const { regions, workers: workersEach, images } = layoutOf(options)
  // From zero, where a double tells fractions of a nanosecond: since 1970 it tells a quarter of a microsecond, and what is
  // left of a delay below that would never pass.
  const clock = new VirtualClock(0)
  const random = seededRandom(seed)
  const pieceBytes = Math.ceil((4 * elements) / 64)
  const rate = (from: string, to: string): number => (gbitPerSecond(from, to) * 1e9) / 8 / scale
  const wires = new Wires({ clock, roundTripMs, bytesPerSecond: rate, pieceBytes })
  const memory = VectorMemory.create(arenaBytes)
  const partitions = await Promise.all(
    regions.map((region) =>
      openPartition(options, region, { clock, random, memory, fetcher: wires.fetcherOf(region) }),
    ),
  )
  for (const { exchange } of partitions) wires.join(exchange, payloadMemory(memory))
  const over = new AbortController()
  let steps = 0
  const stepWithExchangeMs = options.stepMs + exchangeMs()
  const workers = partitions.flatMap((partition, index) => {
    const imageAt = orderOf(images, index, seed)
    return Array.from({ length: workersEach }, (_, number) =>
      runWorker(
        {
          side: partition,
          name: `${partition.region}/worker-${number}`,
          clock,
          random: seededRandom(seed * 1_000 + index * workersEach + number),
          stepMs: stepWithExchangeMs,
          batch,
          learningRate: options.learningRate,
          images: options.training,
          imageAt,
          initial: () => initialValues(seededRandom(seed)),
          onStep: () => (steps += 1),
        },
        over.signal,
      ),
    )
  })
  const failed = Promise.race([
    wires.broken,
    ...workers.map((worker) => worker.then(() => new Promise<never>(() => {}))),
  ])
  const accuracy: Measurement[] = []
  const wanBytes: Measurement[] = []
  for (let at = evaluateSeconds; at <= seconds; at += evaluateSeconds) {
    await Promise.race([clock.advance(evaluateSeconds * 1_000), failed])
    for (const partition of partitions) if (partition.failure !== null) throw partition.failure
    const { replica } = partitions[0]!
    if (replica !== null) accuracy.push({ seconds: at, value: accuracyOf(replica.values, heldOut) })
    wanBytes.push({ seconds: at, value: wires.payloadBytes * scale })
  }
  over.abort(new Error('the time is over'))
  wires.stop()
  await settle()
  const possible = (regions.length * workersEach * seconds * 1_000) / stepWithExchangeMs
  const rounds = Math.max(...partitions.map((partition) => partition.progress().rounds))
  return { accuracy, wanBytes, steps, stallShare: 1 - steps / possible, rounds }
}

function openPartition(
  options: SimulationOptions,
  region: string,
  links: Pick<Parameters<typeof Partition.open>[1], 'clock' | 'random' | 'memory' | 'fetcher'>,
): Promise<Partition> {
  const { sync, batch, seed } = options
  const { regions, images } = layoutOf(options)
  const { settings, violations } = resolveSync(sync, { regions: regions.length })
  if (violations.length > 0) throw invalid(violations)
  const checkpoints = memoryCheckpoints()
  const partitionOptions = {
    jobId: 'halos',
    region,
    members: regions.map((name) => ({ region: name, dataShare: 1 / regions.length })),
    samples: images,
    epochs,
    leaseSamples: leaseBatches * batch,
    stallTimeoutMs: 60_000_000,
    workerMode: 'asynchronous',
    sync: settings,
    parts: present(strategies.get(settings.strategy), `strategy ${settings.strategy}`).parts(settings),
    attempt: 1,
    seed,
    moves: 0,
    hasHoldout: false,
  } as const
  return Partition.open(partitionOptions, {
    ...links,
    log: silentLog,
    publishModel: () => Promise.resolve(''),
    checkpoints: {
      load: () => checkpoints.load(),
      save: async (snapshot) => {
        await links.clock.sleep(checkpointMs)
        await checkpoints.save(snapshot)
      },
    },
  })
}

type Layout = { readonly regions: readonly string[]; readonly workers: number; readonly images: number }

/** Regions, and workers and images in each. */
function layoutOf({ place, training }: SimulationOptions): Layout {
  const quarter = Math.floor(training.count / matrixRegions.length)
  switch (place) {
    case 'regions':
      return { regions: matrixRegions, workers: workersPerRegion, images: quarter }
    case 'alone':
      return { regions: matrixRegions.slice(0, 1), workers: workersPerRegion, images: quarter }
    case 'together': {
      const workers = workersPerRegion * matrixRegions.length
      return { regions: matrixRegions.slice(0, 1), workers, images: quarter * matrixRegions.length }
    }
  }
}

/** The region's own images in an order of its own, another one in each epoch. */
function orderOf(count: number, index: number, seed: number): (epoch: number, position: number) => number {
  let order: { readonly epoch: number; readonly images: Uint32Array } | null = null
  return (epoch, position) => {
    if (order?.epoch !== epoch) {
      const random = seededRandom(seed * 7_919 + epoch * matrixRegions.length + index)
      order = { epoch, images: shuffled(count, random) }
    }
    return index * count + order.images[position]!
  }
}

function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at)
  for (let at = count - 1; at > 0; at--) {
    const other = random.integer(at + 1)
    const kept = order[at]!
    order[at] = order[other]!
    order[other] = kept
  }
  return order
}

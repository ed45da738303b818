// A worker of a simulated region: leases samples, computes a real gradient at the parameters it has, takes the virtual time
// that a step takes, and pushes. It talks to the partition directly, as the exchange would for it.
import type { LeaseAnswer, WorkerSide } from '#physical-plane/parameter-server/worker-side.ts'
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Random } from '#runtime/random.ts'
import type { Images } from './images.ts'
import { addGradient, elements, layoutOf } from './network.ts'

export type SimulatedWorkerOptions = {
  readonly side: WorkerSide
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  /** A step's computation and its exchange with the parameter server. */
  readonly stepMs: number
  readonly batch: number
  readonly learningRate: number
  readonly images: Images
  /** The image at a position of an epoch. */
  readonly imageAt: (epoch: number, position: number) => number
  readonly initial: () => Float32Array
  readonly onStep: () => void
}

/** Steps last this much longer or shorter, so that workers do not march in step. */
const jitter = 0.05

/** Trains until training is over or the signal is aborted. */
export async function runWorker(options: SimulatedWorkerOptions, signal: AbortSignal): Promise<void> {
  const { side, name, learningRate, initial } = options
  const { wantsInitial } = side.join({ workerId: name, instanceId: name, attempt: 1, layout: layoutOf(learningRate) })
  if (wantsInitial) side.initialise(name, initial())
  try {
    await side.whenReady(signal)
    while (!signal.aborted) {
      const lease = await side.lease(name, signal)
      if (lease.outcome === 'finished') return
      if (lease.outcome === 'evaluate') side.evaluation(name, 0, {}, lease.isFinal)
      else await useLease(options, lease, signal)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function useLease(
  options: SimulatedWorkerOptions,
  lease: Extract<LeaseAnswer, { outcome: 'granted' }>,
  signal: AbortSignal,
): Promise<void> {
  const { side, name, clock, random, stepMs, batch, learningRate, images, imageAt, onStep } = options
  for (let at = lease.start; at < lease.end; at += batch) {
    const end = Math.min(lease.end, at + batch)
    const chosen = Array.from({ length: end - at }, (_, index) => imageAt(lease.epoch, at + index))
    const replica = side.replica
    assert(replica !== null, `${name} was granted a lease without a replica`)
    const gradient = new Float32Array(elements)
    const loss = addGradient(replica.values, images, chosen, gradient)
    await clock.sleep(stepMs * (1 + jitter * (2 * random.next() - 1)), signal)
    signal.throwIfAborted()
    const outcome = await side.step({
      workerId: name,
      leaseId: lease.leaseId,
      leaseUsed: end - lease.start,
      samples: end - at,
      loss,
      learningRates: [learningRate],
      gradient,
    })
    assert(outcome.status === 'done', `${name}: a step was ${outcome.status}: ${outcome.text}`)
    onStep()
    if (outcome.isOver) return
  }
}

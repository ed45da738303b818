// A worker of the simulated world: joins its region's parameter server, leases, computes for a while, steps. It talks to
// the partition's worker side directly, as the exchange would for it, and loses that connection when either side dies.
import type { Partition } from '#physical-plane/parameter-server/partition.ts'
import { messageOf } from '#runtime/errors.ts'
import type { SimulatedNode } from './node.ts'
import { elements, layoutOf, learningRate, sampleGradient } from './workload.ts'

export type ServerHandle = { readonly partition: Partition; readonly died: AbortSignal }

export type SimulatedWorkerOptions = {
  readonly node: SimulatedNode
  readonly region: string
  readonly instanceId: string
  readonly attempt: number
  /** The job's. */
  readonly seed: number
  /** The region's live parameter server for this job, if there is one. */
  readonly server: () => ServerHandle | null
  readonly stepMs: number
  readonly batchSize: number
}

/** Resolves with the exit code; never returns when its node dies. */
export async function runWorker(options: SimulatedWorkerOptions): Promise<number> {
  const { node, server } = options
  for (let session = 1; ; session++) {
    const handle = server()
    if (handle !== null) {
      const outcome = await train(options, handle, `${options.instanceId}#${options.attempt}.${session}`)
      if (outcome === 'finished') return 0
    }
    await node.clock.sleep(200)
  }
}

async function train(
  options: SimulatedWorkerOptions,
  handle: ServerHandle,
  workerId: string,
): Promise<'finished' | 'again'> {
  const { node, instanceId, attempt, seed } = options
  const { partition, died } = handle
  node.onCrash(() => {
    if (!died.aborted) partition.leave(workerId, 'its process died')
  })
  try {
    const { wantsInitial } = partition.join({ workerId, instanceId, attempt, layout: layoutOf(seed) })
    await node.clock.sleep(2)
    if (died.aborted) return 'again'
    if (wantsInitial) partition.initialise(workerId, new Float32Array(elements))
    if ((await partition.whenReady(died)) === 'join-again') {
      partition.leave(workerId, 'the first parameters are wanted')
      return 'again'
    }
    while (node.isAlive) {
      const lease = await partition.lease(workerId, died)
      if (lease.outcome === 'finished') {
        partition.leave(workerId, 'finished')
        return 'finished'
      }
      if (lease.outcome === 'evaluate') {
        await node.clock.sleep(50)
        if (died.aborted) return 'again'
        partition.evaluation(workerId, partition.progress().epoch, { accuracy: 0.5 }, lease.isFinal)
      } else await useLease(options, handle, workerId, lease)
      if (died.aborted) return 'again'
    }
  } catch (error) {
    if (!died.aborted && !isSessionLoss(error)) throw error
  }
  return 'again'
}

async function useLease(
  options: SimulatedWorkerOptions,
  { partition, died }: ServerHandle,
  workerId: string,
  lease: { readonly leaseId: number; readonly epoch: number; readonly start: number; readonly end: number },
): Promise<void> {
  const { node, region, stepMs, batchSize } = options
  for (let at = lease.start; at < lease.end; at += batchSize) {
    const end = Math.min(lease.end, at + batchSize)
    await node.clock.sleep(stepMs)
    if (died.aborted || !node.isAlive) return
    const gradient = new Float32Array(elements)
    for (let position = at; position < end; position++) {
      for (let element = 0; element < elements; element++) {
        gradient[element]! += sampleGradient(region, lease.epoch, position, element)
      }
    }
    const step = {
      workerId,
      leaseId: lease.leaseId,
      leaseUsed: end - lease.start,
      samples: end - at,
      loss: 1,
      learningRates: [learningRate],
      gradient,
    }
    const outcome = await orGone(partition.step(step), died)
    if (outcome === null || outcome.status === 'lease-lost') return
    if (outcome.status === 'refused') throw new Error(`a step was refused: ${outcome.text}`)
  }
}

/** The answer, or null when the server dies before it comes. */
function orGone<T>(answer: T | Promise<T>, died: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const gone = (): void => resolve(null)
    died.addEventListener('abort', gone, { once: true })
    Promise.resolve(answer)
      .then(resolve, reject)
      .finally(() => died.removeEventListener('abort', gone))
  })
}

function isSessionLoss(error: unknown): boolean {
  return messageOf(error).includes('not a member')
}

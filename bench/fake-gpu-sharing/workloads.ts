// What shares the fake device, and what is measured: training that computes 60 ms and then leaves the device alone for 15 ms,
// all kernels of an iteration launched ahead; requests of 2 ms, 20 a second, by a Poisson process, that should take at most 20 ms;
// offline work that launches ahead. A training kernel has many more blocks than fit on the device at once (12 waves), one of
// inference takes less than half of it.
import type { ClientRun, ShareOfClient } from './clients.ts'

export const computeMs = 60
export const bubbleMs = 15
export const sloMs = 20
/** Requests are few, so that their tail takes longer to see than what is filled. */
export const servedSeconds = 8
export const filledSeconds = 5
const warmUpSeconds = 2
export const seeds = [1, 2, 3] as const
export const bubbles = ['host', 'nccl'] as const
export type Bubble = (typeof bubbles)[number]

const trainingDemand = 12_000
const inferenceDemand = 400
const besideCommunication = 950

type Environment = Readonly<Record<string, string>>

export function training(environment: Environment, seconds: number, bubble: Bubble = 'host'): ClientRun {
  const args = {
    ...lasting(seconds),
    'compute-ms': computeMs,
    'bubble-ms': bubbleMs,
    kernels: 300,
    demand: trainingDemand,
    bubble,
  }
  return { program: 'train', args, environment }
}

export function serving(environment: Environment, seed: number): ClientRun {
  const args = {
    ...lasting(servedSeconds),
    rate: 20,
    'service-ms': 2,
    kernels: 10,
    demand: inferenceDemand,
    seed,
    'slo-ms': sloMs,
  }
  return { program: 'serve', args, environment }
}

/**
 * Beside a kernel that communicates it fits on the rest of the device: the fake device knows no residence, so that one of many waves
 * would slow the communication, which holds its few multiprocessors on a real one.
 */
export function filling(environment: Environment, bubble: Bubble = 'host'): ClientRun {
  const demand = bubble === 'nccl' ? besideCommunication : trainingDemand
  const args = { ...lasting(filledSeconds), 'kernel-ms': 0.25, kernels: 4, ahead: 16, demand }
  return { program: 'fill', args, environment }
}

function lasting(seconds: number): { readonly seconds: number; readonly 'warm-up': number } {
  return { seconds, 'warm-up': warmUpSeconds }
}

/** Inference first: training gives way while a request is served. */
export const guarded = {
  serve: {
    id: 'serve',
    tag: 11,
    role: 'protected',
    work: 'inference',
    requestMilli: 300,
    limitMilli: 500,
    sloMs,
  },
  train: { id: 'train', tag: 12, role: 'confined', work: 'training', requestMilli: 600, limitMilli: 1000 },
} as const satisfies Record<string, ShareOfClient>

/** Training first: offline work takes what it leaves. */
export const filled = {
  train: { id: 'train', tag: 21, role: 'protected', work: 'training', requestMilli: 900, limitMilli: 1000 },
  fill: { id: 'fill', tag: 22, role: 'confined', work: 'inference', requestMilli: 0, limitMilli: 500 },
} as const satisfies Record<string, ShareOfClient>

// What shares the fake device, and what is measured: training that computes 60 ms and then leaves the device alone for 15 ms,
// all kernels of an iteration launched ahead; requests of 2 ms, 20 a second, by a Poisson process, that should take at most 20 ms;
// offline work that launches ahead. A training kernel has many more blocks than fit on the device at once (12 waves), one of
// inference takes less than half of it.
import type { ClientRun, ShareOfClient } from './clients.ts'

export const computeMs = 60
export const bubbleMs = 15
export const sloMs = 20
export const measuredSeconds = 8
export const warmUpSeconds = 2
export const seeds = [1, 2, 3] as const
export const bubbles = ['host', 'nccl'] as const
export type Bubble = (typeof bubbles)[number]

const trainingDemand = 12_000
const inferenceDemand = 400

type Environment = Readonly<Record<string, string>>

export function training(environment: Environment, bubble: Bubble = 'host'): ClientRun {
  const args = {
    ...lengths,
    'compute-ms': computeMs,
    'bubble-ms': bubbleMs,
    kernels: 300,
    demand: trainingDemand,
    bubble,
  }
  return { program: 'train', args, environment }
}

export function serving(environment: Environment, seed: number): ClientRun {
  const args = { ...lengths, rate: 20, 'service-ms': 2, kernels: 10, demand: inferenceDemand, seed, 'slo-ms': sloMs }
  return { program: 'serve', args, environment }
}

export function filling(environment: Environment): ClientRun {
  const args = { ...lengths, 'kernel-ms': 0.25, kernels: 4, ahead: 16, demand: trainingDemand }
  return { program: 'fill', args, environment }
}

const lengths = { seconds: measuredSeconds, 'warm-up': warmUpSeconds }

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

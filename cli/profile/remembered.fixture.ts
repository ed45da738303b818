// A profile as the profiler remembers it, and what is told where none fits.
import type { RememberedProfile } from '#physical-plane/gpu-sharing/profiler/remembered.ts'
import { CloudlessError } from '#runtime/errors.ts'

export const digest = 'ab'.repeat(32)
export const slo = { latencyMs: 40, percentile: 99, per: 'request' as const }

type Over = Partial<Omit<RememberedProfile, 'profile'>> & { readonly profile?: Partial<RememberedProfile['profile']> }

export function remembered({ profile, ...rest }: Over = {}): RememberedProfile {
  return {
    digest,
    function: 'classify',
    deviceModel: 'nvidia-t4',
    driverVersion: '580.95',
    question: { slo, ratePerSecond: null, batches: [1, 2, 4, 8, 16], secondsPerProbe: 5 },
    ...rest,
    profile: {
      requestMilli: 300,
      limitMilli: 600,
      requestPerSecond: 210,
      limitPerSecond: 400,
      latencyMs: 38,
      batch: 8,
      instances: 1,
      probes: 14,
      atMs: Date.UTC(2026, 10, 22),
      ...profile,
    },
  }
}

/** For another objective. */
export function ofSlo(over: object): Pick<RememberedProfile, 'question'> {
  const { question } = remembered()
  return { question: { ...question, slo: { ...slo, ...over } } }
}

export function refusalOf(look: () => unknown): string {
  try {
    look()
  } catch (error) {
    if (!(error instanceof CloudlessError) || error.reason !== 'NO_PROFILE') throw error
    return error.violations.map(({ field, description }) => `${field}: ${description}`).join('\n')
  }
  throw new Error('nothing was refused')
}

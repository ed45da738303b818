// What a job file may leave out, but for synchronisation, whose defaults are each strategy's (proto/sync).

import { defaultPolicy } from '#proto/policies.ts'

export const jobDefaults = {
  policy: defaultPolicy,
  /** Of the fastest plan's time, for objective least-cost. */
  slack: 0.05,
  training: { workerMode: 'asynchronous', leaseSamples: 512, stallTimeoutSeconds: 120, restartsMax: 3 },
} as const

// What a job file may leave out, but for synchronisation, whose defaults are each strategy's (proto/sync).

export const jobDefaults = {
  policy: 'load-power',
  training: { workerMode: 'asynchronous', leaseSamples: 512, stallTimeoutSeconds: 120, restartsMax: 3 },
} as const

// What a job file may leave out. Intervals are those of the published runs: eight steps for accumulated gradients,
// sixteen for averaged models.

export const jobDefaults = {
  policy: 'load-power',
  strategy: 'asgd-ga',
  sync: {
    asgd: { interval: 1, mode: 'sum' },
    'asgd-ga': { interval: 8, mode: 'sum' },
    'model-averaging': { interval: 16, mode: 'synchronous' },
  },
  noSync: { strategy: '', interval: 0, mode: '', delayCompensation: 0 },
  training: { workerMode: 'asynchronous', leaseSamples: 512, stallTimeoutSeconds: 120, restartsMax: 3 },
} as const

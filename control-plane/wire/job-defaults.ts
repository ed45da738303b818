// What a job file may leave out. Intervals are those of the published runs: eight steps for accumulated gradients,
// sixteen for averaged models.

export const jobDefaults = {
  policy: 'load-power',
  strategy: 'asgd-ga',
  sync: {
    asgd: { interval: 1, mode: 'sum', modes: ['sum', 'mean'] },
    'asgd-ga': { interval: 8, mode: 'sum', modes: ['sum', 'mean'] },
    'model-averaging': { interval: 16, mode: 'synchronous', modes: ['synchronous', 'asynchronous'] },
  },
  training: { workerMode: 'asynchronous', leaseSamples: 512, stallTimeoutSeconds: 120, restartsMax: 3 },
} as const

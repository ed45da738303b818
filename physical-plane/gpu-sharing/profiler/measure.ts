// What a profile is made of: one probe sets a function up in one configuration, lets it run, and answers how fast it was. The
// searches know nothing else, so that the same search runs on a GPU, on a stand-in and on a recorded surface.

/** How much of a GPU a function gets, and how much work it is given at once. */
export type Configuration = {
  /** Multiprocessors it may use, in thousandths of the GPU. */
  readonly smMilli: number
  /** Time in which it may use them, in thousandths. */
  readonly quotaMilli: number
  /** Requests answered together, or samples of a training step. */
  readonly batch: number
  /** Processes of the function that share what it gets. */
  readonly processes: number
}

export type Measurement = {
  /** Of one batch, at the percentile that the function's SLO names. */
  readonly latencyMs: number
  /** Of all processes together: requests, samples or steps. */
  readonly throughputPerSecond: number
}

/** `null`: the function does not run in this configuration, because its memory does not fit for example. */
export type Measure = (configuration: Configuration, signal: AbortSignal) => Promise<Measurement | null>

/** The share of a GPU's multiprocessors and time that a configuration takes, up to 1. */
export function costOf({ smMilli, quotaMilli }: Pick<Configuration, 'smMilli' | 'quotaMilli'>): number {
  return (smMilli / 1000) * (quotaMilli / 1000)
}

/** How a person reads a configuration in a message. */
export function describe({ smMilli, quotaMilli, batch, processes }: Configuration): string {
  const quota = quotaMilli === 1000 ? '' : `, quota ${quotaMilli / 10} %`
  const several = processes === 1 ? '' : `, ${processes} processes`
  return `SM ${smMilli / 10} %${quota}, batch ${batch}${several}`
}

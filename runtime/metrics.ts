// Prometheus metrics, a registry per process (prom-client). Names end in their unit: `cloudless_loop_seconds`.
import { assert } from './assert.ts'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export type Labels = Readonly<Record<string, string>>

export interface Metrics {
  /** `clear` forgets all series, for a collector that adds what there is now. */
  counter(
    name: string,
    help: string,
    labels?: readonly string[],
  ): { add(value: number, labels?: Labels): void; clear(): void }
  gauge(
    name: string,
    help: string,
    labels?: readonly string[],
  ): { set(value: number, labels?: Labels): void; clear(): void }
  histogram(
    name: string,
    help: string,
    labels?: readonly string[],
    buckets?: readonly number[],
  ): { observe(value: number, labels?: Labels): void }
  /** Run before each `render`: for what is read from elsewhere rather than counted as it happens. */
  collect(collector: () => void | Promise<void>): void
  /** The text exposition format. */
  render(): Promise<string>
  readonly contentType: string
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const options = (name: string, help: string, labels: readonly string[] = []) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  // Two servers of one process ask for the same name: they share the series.
  const known = new Map<string, Counter | Gauge | Histogram>()
  const once = <M extends Counter | Gauge | Histogram>(
    name: string,
    kind: new (...args: never[]) => M,
    make: () => M,
  ): M => {
    const found = known.get(name) ?? make()
    assert(found instanceof kind, `metric ${name} is already of another kind`)
    known.set(name, found)
    return found
  }
  const collectors: (() => void | Promise<void>)[] = []
  let rendering: Promise<void> = Promise.resolve()
  return {
    counter: (name, help, labels) => {
      const counter = once(name, Counter, () => new Counter(options(name, help, labels)))
      return { add: (value, at = {}) => counter.inc(at, value), clear: () => counter.reset() }
    },
    gauge: (name, help, labels) => {
      const gauge = once(name, Gauge, () => new Gauge(options(name, help, labels)))
      return { set: (value, at = {}) => gauge.set(at, value), clear: () => gauge.reset() }
    },
    histogram: (name, help, labels, buckets) => {
      const shape = buckets === undefined ? {} : { buckets: [...buckets] }
      const histogram = once(name, Histogram, () => new Histogram({ ...options(name, help, labels), ...shape }))
      return { observe: (value, at = {}) => histogram.observe(at, value) }
    },
    collect: (collector) => void collectors.push(collector),
    render: () => {
      // One after the other: two scrapes at once would clear each other's series.
      const text = rendering.then(async () => {
        for (const collector of collectors) await collector()
        return registry.metrics()
      })
      rendering = text.then(
        () => {},
        () => {},
      )
      return text
    },
    contentType: registry.contentType,
  }
}

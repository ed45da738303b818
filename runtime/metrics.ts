// Prometheus metrics, a registry per process (prom-client). Names end in their unit: `cloudless_loop_seconds`.
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export type Labels = Readonly<Record<string, string>>

export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): { add(value: number, labels?: Labels): void }
  gauge(name: string, help: string, labels?: readonly string[]): { set(value: number, labels?: Labels): void }
  histogram(
    name: string,
    help: string,
    labels?: readonly string[],
    buckets?: readonly number[],
  ): { observe(value: number, labels?: Labels): void }
  /** The text exposition format. */
  render(): Promise<string>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const options = (name: string, help: string, labels: readonly string[] = []) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  return {
    counter: (name, help, labels) => {
      const counter = new Counter(options(name, help, labels))
      return { add: (value, at = {}) => counter.inc(at, value) }
    },
    gauge: (name, help, labels) => {
      const gauge = new Gauge(options(name, help, labels))
      return { set: (value, at = {}) => gauge.set(at, value) }
    },
    histogram: (name, help, labels, buckets) => {
      const histogram = new Histogram({
        ...options(name, help, labels),
        ...(buckets === undefined ? {} : { buckets: [...buckets] }),
      })
      return { observe: (value, at = {}) => histogram.observe(at, value) }
    },
    render: () => registry.metrics(),
  }
}

// How many instances are in which state, for Prometheus.
import type { Metrics } from '#runtime/metrics.ts'
import type { InstanceLife, LifeState } from './instance-life.ts'

const states: readonly LifeState[] = [
  'starting',
  'running',
  'backing-off',
  'stopping',
  'completed',
  'failed',
  'stopped',
]

export function countStates(lives: readonly InstanceLife[], gauge: ReturnType<Metrics['gauge']>): void {
  for (const state of states) gauge.set(lives.filter((life) => life.state === state).length, { state })
}

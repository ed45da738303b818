// How long the stages of a pipeline take, each by its name: from when all that it comes after has answered, to its own answer. Where a
// pipeline misses its objective this says which stage it is.
import type { StageRun } from './infer.ts'
import type { LatencyHistogram } from './latency-histogram.ts'
import { RecentLatency } from './recent-latency.ts'

export type StageMeasure = {
  readonly stage: string
  readonly function: string
  readonly answered: number
  readonly failed: number
  /** Of those that were answered in the last one to two minutes. */
  readonly latency: LatencyHistogram
}

type Counts = { answered: number; failed: number; readonly latency: RecentLatency }
type Stage = { readonly name: string; readonly function: string }

export class StagesMeasured {
  readonly #byStage = new Map<string, Counts>()

  ended({ stage, instanceId, tookMs }: Pick<StageRun, 'stage' | 'instanceId' | 'tookMs'>): void {
    const counts = this.#countsOf(stage)
    if (instanceId === '') counts.failed += 1
    else {
      counts.answered += 1
      counts.latency.add(tookMs)
    }
  }

  /** At the end of every second. Those that the pipeline no longer has are forgotten. */
  tick(stages: readonly Stage[]): void {
    for (const name of this.#byStage.keys())
      if (!stages.some((stage) => stage.name === name)) this.#byStage.delete(name)
    for (const { latency } of this.#byStage.values()) latency.tick()
  }

  /** In the order of the pipeline's file. */
  of(stages: readonly Stage[]): readonly StageMeasure[] {
    return stages.map(({ name, function: of }) => {
      const { answered, failed, latency } = this.#countsOf(name)
      return { stage: name, function: of, answered, failed, latency: latency.histogram() }
    })
  }

  #countsOf(stage: string): Counts {
    const known = this.#byStage.get(stage) ?? { answered: 0, failed: 0, latency: new RecentLatency() }
    this.#byStage.set(stage, known)
    return known
  }
}

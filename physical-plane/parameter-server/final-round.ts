// The final synchronisation: every region's model, once all have drained and every update is applied, and their average
// by mass in float64 in ascending region id, so that all regions end with the same bits.
import type { Kernels } from './replica/kernels.ts'

export type FinalModel = { readonly mass: number; readonly values: Float32Array }

export class FinalRound {
  readonly #models = new Map<string, FinalModel>()

  /** Keeps `model.values`. */
  add(region: string, model: FinalModel): void {
    this.#models.set(region, model)
  }

  has(region: string): boolean {
    return this.#models.has(region)
  }

  get regions(): readonly string[] {
    return [...this.#models.keys()].sort()
  }

  modelOf(region: string): FinalModel | undefined {
    return this.#models.get(region)
  }

  /** Only `members` count: who was pruned takes no part. */
  average(target: Float32Array, members: readonly string[], kernels: Kernels): readonly string[] {
    const counted = this.regions.filter((region) => members.includes(region))
    const models = counted.map((region) => this.#models.get(region)!)
    const [only] = models
    if (models.length === 1 && only !== undefined) target.set(only.values)
    else
      kernels.weightedMean(
        target,
        models.map(({ mass, values }) => ({ values, weight: mass })),
      )
    return counted
  }
}

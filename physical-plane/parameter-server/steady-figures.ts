// Measured figures as others hear them. Averages move with every step, and what a region says goes to every other one as
// a whole, kilobytes each time: a figure is said anew when it has moved by a share that changes what anybody does.
import { figureNewsShare } from './config.ts'

export class SteadyFigures {
  readonly #said = new Map<string, number>()

  /** The figure as it was last said, or as it is now when that is news. */
  say(name: string, value: number): number {
    const said = this.#said.get(name)
    if (said !== undefined && Math.abs(value - said) <= figureNewsShare * Math.abs(said)) return said
    const rounded = Number(value.toPrecision(3))
    this.#said.set(name, rounded)
    return rounded
  }
}

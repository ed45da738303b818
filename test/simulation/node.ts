// A process of the simulated world. What it does hangs on its clock and its connections; a crash takes both away at
// once, so that whatever it was about to do never happens. What it wrote to its disk before stays.
import type { Clock, Timer } from '#runtime/clock.ts'
import { sleepOn } from '#runtime/clock.ts'

export class SimulatedNode {
  /** The machine or place it runs on; two nodes of one name share their links. */
  readonly name: string
  readonly clock: Clock
  #isAlive = true
  readonly #onCrash: (() => void)[] = []

  /** `wallOffsetMs` is how wrong its machine's wall clock is now. */
  constructor(name: string, world: Clock, wallOffsetMs: () => number = () => 0) {
    this.name = name
    const after = (delayMs: number, run: () => void): Timer =>
      world.after(delayMs, () => {
        if (this.#isAlive) run()
      })
    const now = (): number => world.now() + wallOffsetMs()
    this.clock = { now, monotonicMs: () => world.monotonicMs(), after, sleep: sleepOn(after) }
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  onCrash(run: () => void): void {
    this.#onCrash.push(run)
  }

  crash(): void {
    if (!this.#isAlive) return
    this.#isAlive = false
    for (const run of this.#onCrash.splice(0)) run()
  }
}

// What must hold whatever happens. A checker that fails names the virtual time and what it saw; the seed does the rest.
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'

export class Checkers {
  readonly #clock: Clock
  readonly #liveRuns = new Map<string, { readonly units: number; readonly device: string; readonly attempt: number }>()
  readonly #unitsOf = new Map<string, number>()
  readonly #highest = new Map<string, number>()
  readonly #known = new Map<string, string | number>()
  #checks = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get checks(): number {
    return this.#checks
  }

  device(id: string, units: number): void {
    this.#unitsOf.set(id, units)
  }

  /** One live attempt per instance; attempts only grow; no device hands out more than it has. */
  launched(instanceId: string, attempt: number, device: string, units: number): void {
    this.#that(!this.#liveRuns.has(instanceId), `${instanceId} is started while an attempt of it is alive`)
    this.grows(`attempt of ${instanceId}`, attempt, 'strictly')
    this.#liveRuns.set(instanceId, { units, device, attempt })
    const used = [...this.#liveRuns.values()]
      .filter((run) => run.device === device)
      .reduce((sum, run) => sum + run.units, 0)
    const total = this.#unitsOf.get(device) ?? 0
    this.#that(device === '' || used <= total, `${device} is oversold: ${used} of ${total} units are in use`)
  }

  ended(instanceId: string): void {
    this.#liveRuns.delete(instanceId)
  }

  /** A number that must never go back: revisions, versions, sequence numbers. */
  grows(what: string, value: number, how: 'strictly' | 'weakly' = 'weakly'): void {
    const before = this.#highest.get(what) ?? Number.NEGATIVE_INFINITY
    this.#that(how === 'strictly' ? value > before : value >= before, `${what} went from ${before} to ${value}`)
    this.#highest.set(what, value)
  }

  /** Whatever is called `name` is the same whenever it is seen. */
  same(what: string, name: string, value: string | number): void {
    const known = this.#known.get(name)
    if (known === undefined) this.#known.set(name, value)
    else this.equal(what, value, known)
  }

  equal(what: string, actual: unknown, expected: unknown): void {
    this.#that(Object.is(actual, expected), `${what} is ${String(actual)}, not ${String(expected)}`)
  }

  near(what: string, actual: number, expected: number, tolerance: number): void {
    this.#that(Math.abs(actual - expected) <= tolerance, `${what} is ${actual}, not within ${tolerance} of ${expected}`)
  }

  #that(holds: boolean, message: string): void {
    this.#checks += 1
    assert(holds, `at ${(this.#clock.monotonicMs() / 1000).toFixed(3)} s: ${message}`)
  }
}

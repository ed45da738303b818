// What it means at least that a place is used together with others, whichever these are.
import type { Exchange } from '#control-plane/model/plan.ts'
import type { Leg, Problem } from '../policy.ts'

/** By place. */
export type Together = {
  /** Of all that are used but one, whichever that is: what it adds to what synchronisation costs. */
  readonly usd: ReadonlyMap<string, number>
  /** Training lasts at least as long as computing and this of any place that is used: as in a floor. */
  readonly wireSeconds: ReadonlyMap<string, number>
  /** The same where three or more are used: what comes to a hub then has to go out again. */
  readonly hubSeconds: ReadonlyMap<string, number>
  readonly isOverlapped: boolean
}

export function togetherOf({ data, places, epochs, wire: wireOf }: Problem, exchange: Exchange | null): Together {
  const wire = wireOf(exchange)
  const models = wire.models(epochs * Math.max(...data.map(({ samples }) => samples)))
  const names = places.map(({ region }) => region)
  const usd = new Map<string, number>()
  const wireSeconds = new Map<string, number>()
  const hubSeconds = new Map<string, number>()
  for (const name of names) {
    let [leastUsd, atOnce, inTurn] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (const other of names) {
      if (other === name) continue
      const there = secondsOf(wire.leg(name, other), wire.modelBytes)
      const back = secondsOf(wire.leg(other, name), wire.modelBytes)
      leastUsd = Math.min(leastUsd, wire.swapUsd(name, other, models))
      atOnce = Math.min(atOnce, Math.max(there, back))
      inTurn = Math.min(inTurn, there + back)
    }
    const isAlone = names.length < 2
    usd.set(name, isAlone ? 0 : leastUsd)
    wireSeconds.set(name, isAlone ? 0 : models * atOnce)
    hubSeconds.set(name, isAlone ? 0 : models * inTurn)
  }
  return { usd, wireSeconds, hubSeconds, isOverlapped: wire.isOverlapped }
}

function secondsOf({ delaySeconds, secondsPerByte }: Leg, bytes: number): number {
  return delaySeconds + bytes * secondsPerByte
}

// What goes wrong in a region: processes that die, and outages of all of it. Faults stop when arrivals do, so that what is there
// can end.
import type { Clock } from '#runtime/clock.ts'
import { exponential, streamOf } from './draw.ts'
import type { FluidAgent } from './fluid-agent.ts'
import type { Scenario } from './scenario-schema.ts'

export function startFaults(agent: FluidAgent, scenario: Scenario, clock: Clock, seed: number): void {
  crashNowAndThen(agent, scenario, clock, seed)
  failNowAndThen(agent, scenario, clock, seed)
}

/** One stream as of all units in use; while fewer are, some of it hits nothing. */
function crashNowAndThen(agent: FluidAgent, { agents, length }: Scenario, clock: Clock, seed: number): void {
  const random = streamOf(seed, 'crashes', agent.region)
  const again = (): void => {
    const { units } = agent.load()
    const seconds = exponential(random, (units * agents.crashes_per_hour) / 3600)
    if (clock.monotonicMs() / 1000 + seconds > length) return
    clock.after(1000 * seconds, () => {
      if (random.next() * units < agent.load().used) agent.crash()
      again()
    })
  }
  again()
}

function failNowAndThen(agent: FluidAgent, { agents, length }: Scenario, clock: Clock, seed: number): void {
  const random = streamOf(seed, 'outages', agent.region)
  const again = (): void => {
    const seconds = exponential(random, agents.outages_per_week / (7 * 86_400))
    if (clock.monotonicMs() / 1000 + seconds > length) return
    clock.after(1000 * seconds, () => {
      agent.goDown()
      clock.after(1000 * exponential(random, 1 / agents.outage), () => {
        agent.comeBack()
        again()
      })
    })
  }
  again()
}

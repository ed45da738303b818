// Spot capacity as its cloud gives and takes it: after a trace, or unit by unit at random, with a word before where the
// cloud gives one.
import type { Clock } from '#runtime/clock.ts'
import type { Random } from '#runtime/random.ts'
import { changesOf } from './availability.ts'
import type { Pool } from './capacity.ts'
import { exponential } from './draw.ts'
import type { FluidAgent } from './fluid-agent.ts'

export function startSpotMarket(pool: Pool, agent: FluidAgent, clock: Clock, random: Random): void {
  const { availability } = pool
  if (availability.kind === 'trace') followTrace(pool, availability, agent, clock)
  else if (availability.kind === 'rates') takeAtRandom(pool, availability, agent, clock, random)
}

type Of<Kind> = Extract<Pool['availability'], { kind: Kind }>

function followTrace(
  { key, units }: Pool,
  { trace, noticeSeconds }: Of<'trace'>,
  agent: FluidAgent,
  clock: Clock,
): void {
  const changes = changesOf(trace)
  const beganMs = clock.monotonicMs()
  // What is there at first the pool knows.
  changes.next()
  const later = (seconds: number, run: () => void): void => {
    clock.after(beganMs + seconds * 1000 - clock.monotonicMs(), run)
  }
  const next = (): void => {
    const change = changes.next()
    if (change.done === true) return
    const { at, isThere } = change.value
    if (isThere) {
      later(at, () => {
        agent.gain(key, units)
        next()
      })
      return
    }
    const told = Math.max(at - noticeSeconds, (clock.monotonicMs() - beganMs) / 1000)
    if (noticeSeconds > 0) later(told, () => agent.notice(key, units, clock.now() + Math.round((at - told) * 1000)))
    later(at, () => {
      agent.lose(key, units)
      next()
    })
  }
  next()
}

/** Losses of all units that are not about to leave are one stream, drawn anew whenever their number changes. */
function takeAtRandom(
  { key, units }: Pool,
  { lossesPerHour, awaySeconds, noticeSeconds }: Of<'rates'>,
  agent: FluidAgent,
  clock: Clock,
  random: Random,
): void {
  const perSecond = (units * lossesPerHour) / 3600
  let staying = units
  const comeBack = (): void => {
    staying += 1
    agent.gain(key, 1)
  }
  const lose = (): void => {
    agent.lose(key, 1)
    clock.after(1000 * exponential(random, 1 / awaySeconds), comeBack)
  }
  const draw = (): void => {
    const seconds = exponential(random, perSecond)
    if (!Number.isFinite(seconds)) return
    clock.after(1000 * seconds, () => {
      draw()
      // The stream is that of all units; those that are away lose nothing.
      if (random.integer(units) >= staying) return
      staying -= 1
      if (noticeSeconds === 0) return lose()
      agent.notice(key, 1, clock.now() + noticeSeconds * 1000)
      clock.after(noticeSeconds * 1000, lose)
    })
  }
  draw()
}

import { expect, test } from 'vitest'
import type { Clock } from '#runtime/clock.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { classes, pixels } from './images.ts'
import { billedElements, paperStepMs } from './matrix.ts'
import { elements } from './network.ts'
import { stepTime } from './step-time.ts'

const images = { count: classes, values: new Float32Array(classes * pixels), labels: new Uint8Array(classes) }

/** On which every reading is two milliseconds after the last. */
function aTickingClock(): Clock {
  let nowMs = 0
  const clock = new VirtualClock()
  return {
    now: () => clock.now(),
    monotonicMs: () => (nowMs += 2),
    after: (delayMs, run) => clock.after(delayMs, run),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
  }
}

test("a step is the paper's, a given one, or the own one scaled to the size of the billed model", () => {
  const scaledStepMs = (2 * billedElements) / elements
  const measured = { ownStepMs: 2, scaledStepMs }
  const of = (asked: string) => stepTime(asked, aTickingClock(), images, 2)
  expect(of('paper')).toEqual({ ...measured, stepMs: paperStepMs })
  expect(of('12.5')).toEqual({ ...measured, stepMs: 12.5 })
  expect(of('measured')).toEqual({ ...measured, stepMs: scaledStepMs })
})

test.each(['0', '-1', 'fast', '', '1e9'])('--step-ms %j is refused by name', (asked) => {
  expect(() => stepTime(asked, aTickingClock(), images, 2)).toThrow(
    /--step-ms: ".*" is none; write milliseconds above 0/,
  )
})

// Who may use how much of a row's time right now: whoever works has what is guaranteed to it, and what the others leave is shared
// evenly up to each one's limit. What the token scheduler does in windows of milliseconds, as its mean.
import type { Shape } from '../scaling/autoscaler.ts'

const wholeMilli = 1_000

/** Of those that work; in their order. Sums up to the whole time at most, if what is guaranteed does. */
export function shareOut(shapes: readonly Shape[]): readonly number[] {
  const given = shapes.map(({ requestMilli }) => requestMilli)
  let left = wholeMilli - given.reduce((sum, milli) => sum + milli, 0)
  let open = shapes.map((_, i) => i).filter((i) => given[i]! < shapes[i]!.limitMilli)
  while (left > 1e-9 && open.length > 0) {
    const each = left / open.length
    for (const i of open) {
      const more = Math.min(each, shapes[i]!.limitMilli - given[i]!)
      given[i]! += more
      left -= more
    }
    // At least one is full after every turn that leaves something.
    open = open.filter((i) => shapes[i]!.limitMilli - given[i]! > 1e-9)
  }
  return given
}

// Random pipelines for property tests: each stage waits for some of those before it, and all are in one piece.
import { array, integer, tuple, type Arbitrary } from 'fast-check'
import type { Stage } from './stage-graph.ts'

export function somePipeline(stagesMax = 9): Arbitrary<readonly Stage[]> {
  const bits = array(integer({ min: 0, max: 3 }), {
    minLength: stagesMax * stagesMax,
    maxLength: stagesMax * stagesMax,
  })
  return tuple(integer({ min: 1, max: stagesMax }), bits).map(([count, draws]) =>
    Array.from({ length: count }, (_, place) => {
      const before = Array.from({ length: place }, (_unused, one) => one).filter(
        (one) => draws[place * stagesMax + one] === 0,
      )
      // Without any it would be apart.
      const after = before.length === 0 && place > 0 ? [draws[place]! % place] : before
      return { name: `s${place}`, after: after.map((one) => `s${one}`) }
    }),
  )
}

/** Every way from a stage that waits for none to one that none waits for. */
export function pathsOf(stages: readonly Stage[]): readonly (readonly string[])[] {
  const from = ({ name, after }: Stage): string[][] =>
    after.length === 0
      ? [[name]]
      : after.flatMap((one) => from(stages.find((stage) => stage.name === one)!).map((path) => [...path, name]))
  const isLeaf = ({ name }: Stage): boolean => !stages.some(({ after }) => after.includes(name))
  return stages.filter(isLeaf).flatMap(from)
}

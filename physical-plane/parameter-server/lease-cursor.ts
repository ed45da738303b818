// A region's position in its data as it told others, who give it back when it lost its disk. It comes from another
// process, so everything in it is checked before any of it is used.
import { CloudlessError } from '#runtime/errors.ts'
import type { LeaseSettings, LeaseSnapshot } from './leases.ts'

/** The position, or an `invalid` error that names the field. */
export function decodeCursor(cursor: string, { samples, epochs }: Pick<LeaseSettings, 'samples' | 'epochs'>) {
  const found = objectOf('cursor', parsed(cursor))
  const count = (name: string, value: unknown, least: number, most: number): number => {
    const isRight = Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
    return isRight ? (value as number) : wrong(`cursor.${name}`, value, `a whole number from ${least} to ${most}`)
  }
  const { unused } = found
  if (!Array.isArray(unused)) return wrong('cursor.unused', unused, 'a list of ranges')
  const position: LeaseSnapshot = {
    samples: count('samples', found['samples'], samples, samples),
    epochs: count('epochs', found['epochs'], epochs, epochs),
    nextEpoch: count('nextEpoch', found['nextEpoch'], 0, epochs),
    nextStart: count('nextStart', found['nextStart'], 0, samples - 1),
    nextLeaseId: count('nextLeaseId', found['nextLeaseId'], 1, Number.MAX_SAFE_INTEGER),
    unused: unused.map((range: unknown, at) => {
      const { epoch, start, end } = objectOf(`cursor.unused[${at}]`, range)
      const last = count(`unused[${at}].end`, end, 1, samples)
      return {
        epoch: count(`unused[${at}].epoch`, epoch, 0, epochs - 1),
        start: count(`unused[${at}].start`, start, 0, last - 1),
        end: last,
      }
    }),
  }
  return position
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(cursor)
  } catch {
    return wrong('cursor', cursor, 'the JSON of a position')
  }
}

function objectOf(field: string, value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Readonly<Record<string, unknown>>) : wrong(field, value, 'an object')
}

function wrong(field: string, value: unknown, wanted: string): never {
  const text = `${field} is ${String(value).slice(0, shownMax)}; it must be ${wanted}`
  throw new CloudlessError('invalid', 'CURSOR_INVALID', text)
}

/** Characters of a wrong value that a message shows. */
const shownMax = 64

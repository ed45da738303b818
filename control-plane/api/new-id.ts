// Ids of what lives long and is read by people: no letters that look alike.
import type { Random } from '#runtime/random.ts'

/** For example "f-x4k2m9pq". */
export function newId(kind: string, random: Random): string {
  const letters = '23456789abcdefghjkmnpqrstuvwxyz'
  return `${kind}-${Array.from({ length: 8 }, () => letters[random.integer(letters.length)]).join('')}`
}

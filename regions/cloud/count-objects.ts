// What lies under a prefix, counted page by page. Data sets may have millions of objects: nothing of a page is kept but its sums.
import { unbelievable } from './cloud-api.ts'
import { objectPagesMax } from './config.ts'
import { isUnder } from './object-address.ts'

export type ObjectsPage = {
  readonly objects: readonly { readonly key: string; readonly bytes: number }[]
  /** Empty after the last one. */
  readonly next: string
}

export type Counted = { readonly objects: number; readonly bytes: number; readonly truncated: boolean }

export type CountOptions = {
  /** For messages. */
  readonly what: string
  readonly prefix: string
  /** As in DatasetRequest. */
  readonly untilFound: boolean
}

export async function countObjects(
  { what, prefix, untilFound }: CountOptions,
  ask: (token: string | undefined) => Promise<ObjectsPage>,
): Promise<Counted> {
  let objects = 0
  let bytes = 0
  let token: string | undefined
  for (let page = 1; page <= objectPagesMax; page++) {
    const found = await ask(token)
    for (const object of found.objects) {
      if (!isUnder(prefix, object.key)) continue
      if (!Number.isSafeInteger(object.bytes) || object.bytes < 0)
        throw unbelievable(what, `says that ${JSON.stringify(object.key.slice(0, 80))} has ${object.bytes} bytes`)
      objects += 1
      bytes += object.bytes
    }
    if (found.next !== '' && untilFound && objects > 0) return { objects, bytes, truncated: true }
    if (found.next === '') return { objects, bytes, truncated: false }
    if (found.next === token) throw unbelievable(what, `names page ${page} as the one after it again`)
    token = found.next
  }
  return { objects, bytes, truncated: true }
}

// All pages of a listing, or none: a page that fails fails the listing, and one that names itself as the next is not believed.
import { unbelievable } from './cloud-api.ts'
import { pagesMax } from './config.ts'

export type Page<T> = { readonly items: readonly T[]; /** Empty after the last one. */ readonly next: string }

/** `what` is for messages. */
export async function allPages<T>(
  what: string,
  ask: (token: string | undefined, page: number) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const items: T[] = []
  const seen = new Set<string>()
  let token: string | undefined
  for (let page = 1; page <= pagesMax; page++) {
    const { items: some, next } = await ask(token, page)
    items.push(...some)
    if (next === '') return items
    if (seen.has(next)) throw unbelievable(what, `names page ${page} as the one after it again`)
    seen.add(next)
    token = next
  }
  throw unbelievable(what, `has more than ${pagesMax} pages`)
}

// Keeps the catalogue that a plan is made with before the plan is committed: whoever reads a plan, a year later too, finds
// every price and link behind it under the hash that the plan names.
import { encodeContent } from '#regions/catalogue-content.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { from } from '#proto/rpc/streams.ts'
import type { Store } from './store/store.ts'

export async function pinCatalogue(store: Store, catalogue: Catalogue, atMs: number): Promise<void> {
  const { hash, version } = catalogue
  if ((await store.catalogue(hash)) !== null) return
  const content = Buffer.from(encodeContent(catalogue))
  const totalBytes = content.byteLength
  await store.blobs.receive({ digest: hash, totalBytes }, from([content]))
  const record = { hash, version, bytes: totalBytes, firstUsedAtMs: atMs }
  await store.commit([{ kind: 'catalogue', catalogue: record }], store.view().revision)
}

// CatalogService: the catalogue in force, and those that plans were made with.
import type { CatalogInfo } from '#proto/generated/cloudless/v1/CatalogInfo.ts'
import type { CatalogServiceHandlers } from '#proto/generated/cloudless/v1/CatalogService.ts'
import type { GetCatalogResponse } from '#proto/generated/cloudless/v1/GetCatalogResponse.ts'
import type { ListCatalogsRequest__Output } from '#proto/generated/cloudless/v1/ListCatalogsRequest.ts'
import type { ListCatalogsResponse } from '#proto/generated/cloudless/v1/ListCatalogsResponse.ts'
import { chunkBytes } from '#proto/rpc/config.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { encodeContent } from '#regions/catalogue-content.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import type { CatalogueRecord, Store } from '#control-plane/store/store.ts'
import { decodePageToken, encodePageToken, pageSize } from './page-token.ts'
import { findCatalogue } from './pinned-catalogue.ts'

export type CatalogContext = { readonly store: Store; readonly catalogue: () => Catalogue }

export function catalogService(context: CatalogContext): Implementation<CatalogServiceHandlers> {
  return {
    listCatalogs: (request) => listCatalogs(context, request),
    getCatalog: ({ catalog }) => getCatalog(context, catalog),
  }
}

async function listCatalogs(
  { store, catalogue }: CatalogContext,
  request: ListCatalogsRequest__Output,
): Promise<ListCatalogsResponse> {
  const current = catalogue()
  const limit = pageSize(request.pageSize)
  const cursor = decodePageToken(request.pageToken, 'catalogues')
  const after = cursor === null ? null : { firstUsedAtMs: cursor.at, hash: cursor.id }
  const found = await store.listCatalogues(limit + 1, after)
  const page = found.slice(0, limit)
  const last = found.length > limit ? page.at(-1) : undefined
  // The one in force comes first until a plan was made with it; from then on it has its place among the others.
  const isUnused = cursor === null && (await store.catalogue(current.hash)) === null
  const unused = isUnused ? [unusedInfo(current, Buffer.byteLength(encodeContent(current)))] : []
  return {
    catalogs: [...unused, ...page.map((record) => infoOf(record, current))],
    nextPageToken: last === undefined ? '' : encodePageToken({ at: last.firstUsedAtMs, id: last.hash }, 'catalogues'),
  }
}

async function* getCatalog(
  { store, catalogue }: CatalogContext,
  named: string,
): AsyncGenerator<GetCatalogResponse, void> {
  const current = catalogue()
  const record = (await findCatalogue(store, current, named)) ?? (await store.catalogue(current.hash))
  if (record === null) {
    yield* currentInParts(current)
    return
  }
  let header: { readonly catalog?: CatalogInfo } = { catalog: infoOf(record, current) }
  for await (const data of store.blobs.read(record.hash)) {
    yield { ...header, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) }
    header = {}
  }
}

function* currentInParts(current: Catalogue): Iterable<GetCatalogResponse> {
  const content = Buffer.from(encodeContent(current))
  for (let at = 0; at < content.byteLength; at += chunkBytes) {
    const header = at === 0 ? { catalog: unusedInfo(current, content.byteLength) } : {}
    yield { ...header, data: content.subarray(at, at + chunkBytes) }
  }
}

function infoOf({ version, hash, bytes, firstUsedAtMs }: CatalogueRecord, current: Catalogue): CatalogInfo {
  return { version, hash, bytes, firstUsedAtMs, isCurrent: hash === current.hash }
}

function unusedInfo({ version, hash }: Catalogue, bytes: number): CatalogInfo {
  return { version, hash, bytes, firstUsedAtMs: 0, isCurrent: true }
}

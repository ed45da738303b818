// A plan's catalogue can be read again for as long as the plan: through the real loop, store and encoding.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decodeContent } from '#regions/catalogue-content.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { catalogService } from './api/catalog-service.ts'
import { pinnedCatalogue } from './api/pinned-catalogue.ts'
import { aCatalogue, aJob, aShard, aSpec } from './model/builders.ts'
import { pinCatalogue } from './pin-catalogue.ts'
import { aCall, ScriptedAgent, startRig, type Rig } from './rig.ts'
import { memoryStore, openStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'

let rig: Rig
beforeEach(() => {
  rig = startRig()
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

type Service = Rig['catalogs']
type Answer = { readonly catalogue: Catalogue; readonly info: unknown; readonly parts: number }

async function get(service: Service, catalog: string): Promise<Answer> {
  const parts = []
  for await (const part of service.getCatalog({ catalog }, aCall())) parts.push(part)
  const info = parts[0]!.catalog!
  expect(parts.slice(1).every((part) => part.catalog === undefined)).toBe(true)
  const text = Buffer.concat(parts.map(({ data }) => data as Uint8Array)).toString()
  expect(Buffer.byteLength(text)).toBe(info.bytes)
  return { catalogue: decodeContent(text, info.hash!), info, parts: parts.length }
}

const list = async (service: Service, pageSize = 0, pageToken = '') =>
  service.listCatalogs({ pageSize, pageToken }, aCall())

describe('the catalogue of a plan', () => {
  test('is kept when the plan is committed, not before', async () => {
    const { hash } = rig.catalogue
    expect((await list(rig.catalogs)).catalogs).toMatchObject([{ hash, firstUsedAtMs: 0, isCurrent: true }])
    expect(await rig.store.catalogue(hash)).toBeNull()

    const agent = new ScriptedAgent(rig)
    await rig.clock.advance(200)
    const job = aJob({ spec: aSpec({ shards: [aShard('a', 100)] }), createdAtMs: rig.clock.now() })
    await rig.store.commit([{ kind: 'create-job', job, fingerprint: '' }], rig.store.view().revision)
    await rig.clock.advance(200)
    const plan = (await rig.store.job(job.id))!.job.plan!
    expect(plan.catalogHash).toBe(hash)
    expect(await pinnedCatalogue(rig.store, plan.catalogHash)).toEqual(rig.catalogue)
    const { catalogs } = await list(rig.catalogs)
    expect(catalogs).toHaveLength(1)
    expect(catalogs![0]).toMatchObject({ hash, version: 'test', isCurrent: true })
    expect(catalogs![0]!.firstUsedAtMs).toBeGreaterThan(0)
    agent.hangUp()
  })

  test('nobody but plans need is not kept', async () => {
    const { catalogue } = await get(rig.catalogs, '')
    expect(catalogue).toEqual(rig.catalogue)
    expect(await rig.store.listCatalogues(10, null)).toEqual([])
  })
})

describe('years later', () => {
  const old = { ...aCatalogue({ a: { cpu: 1 } }), version: '2024-11' }
  const older = aCatalogue({ a: { cpu: 2 }, b: { cpu: 3 } })
  const current = aCatalogue({ c: { cpu: 4 } })
  const hashed = aCatalogue({ a: { cpu: 1 } })
  let store: Store
  let service: Service
  beforeEach(async () => {
    store = memoryStore()
    service = catalogService({ store, catalogue: () => current })
    await pinCatalogue(store, older, 1000)
    await pinCatalogue(store, hashed, 2000)
  })
  afterEach(() => store.close())

  test('it is found by hash, by the first digits of it, and by version', async () => {
    for (const named of [older.hash, older.hash.slice(0, 8)]) {
      expect(await get(service, named)).toMatchObject({ catalogue: older, info: { isCurrent: false } })
    }
    // All three have one version: the one in force counts.
    expect(await get(service, 'test')).toMatchObject({ catalogue: current, info: { isCurrent: true } })
    const later = catalogService({ store, catalogue: () => old })
    expect((await get(later, 'test')).catalogue).toEqual(hashed)
  })

  test('pages go from the newest to the oldest', async () => {
    const first = await list(service, 1)
    expect(first.catalogs?.map(({ hash }) => hash)).toEqual([current.hash, hashed.hash])
    const second = await list(service, 1, first.nextPageToken)
    expect(second.catalogs?.map(({ hash }) => hash)).toEqual([older.hash])
    expect(second.nextPageToken).toBe('')
  })

  test('what is not kept is named with the way to look', async () => {
    await expect(get(service, 'f'.repeat(64))).rejects.toThrow('is not kept here; `cloudless catalog list`')
    await expect(get(service, older.hash.slice(0, 7))).rejects.toThrow('is not kept here')
    await expect(get(service, 'x'.repeat(2000))).rejects.toThrow('has 2000 characters')
    await expect(pinnedCatalogue(store, 'f'.repeat(64))).rejects.toThrow('is not kept here')
  })

  test('keeping it twice changes nothing', async () => {
    const { revision } = store.view()
    await pinCatalogue(store, older, 9000)
    expect(store.view().revision).toBe(revision)
    expect((await store.catalogue(older.hash))?.firstUsedAtMs).toBe(1000)
  })

  test('a control plane that starts again has it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cloudless-catalogues-'))
    const first = await openStore(folder)
    await pinCatalogue(first, older, 1000)
    first.close()
    const again = await openStore(folder)
    expect(await pinnedCatalogue(again, older.hash)).toEqual(older)
    expect(await again.listCatalogues(10, null)).toMatchObject([{ hash: older.hash, firstUsedAtMs: 1000 }])
    again.close()
    await rm(folder, { recursive: true })
  })

  test('a name that two begin with is refused', async () => {
    const record = { version: 'x', bytes: 1, firstUsedAtMs: 1 }
    for (const last of ['0', '1']) {
      const catalogue = { ...record, hash: 'abcdef99'.padEnd(63, '0') + last }
      await store.commit([{ kind: 'catalogue', catalogue }], store.view().revision)
    }
    await expect(get(service, 'abcdef99')).rejects.toThrow(/give more digits/)
  })
})

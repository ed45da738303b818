import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openObjects } from '#physical-plane/object-store/open-objects.ts'
import type { ObjectStore } from '#physical-plane/object-store/object-store.ts'
import { silentLog, type Log } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import type { Snapshot } from '../checkpoint.ts'
import { HashThread } from './hash-thread.ts'
import { encodeManifest } from './manifest.ts'
import { ObjectCheckpoints, partitionPrefix } from './object-checkpoints.ts'

let folder = ''
const prefix = partitionPrefix('j-1', 'aws/us-east-1')
const errors: unknown[] = []
const log: Log = { ...silentLog, error: (fields) => errors.push(fields) }
const hashes = new HashThread()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ckpt-'))
  errors.length = 0
})
afterEach(() => rm(folder, { recursive: true }))

const objectsOf = (seed = 1): ObjectStore => openObjects(pathToFileURL(folder).href, 'x', seededRandom(seed))
const sha256 = (values: Float32Array): Promise<string> => hashes.sha256(values)
const openStore = (objects = objectsOf(), hash = sha256) =>
  new ObjectCheckpoints({ objects, prefix, sha256: hash, log })

const snapshot = (step: number): Snapshot => ({
  state: { step, text: 'Zürich\n', lease: [1, 2] },
  vectors: {
    values: Float32Array.of(step, -0, 1e-40),
    'outbox/1': Float32Array.of(),
    late: new Float32Array(3).fill(step),
  },
})

const manifests = (): Promise<string[]> => readdir(join(folder, prefix, 'manifests'))
const vectors = (): Promise<string[]> => readdir(join(folder, prefix, 'objects'))
const stateAfter = async (): Promise<unknown> => (await openStore().load())?.state

/** What a wrapped store was asked to put, by the last part of its name. */
function recorded(objects: ObjectStore) {
  const puts: string[] = []
  const wrapped: ObjectStore = {
    ...objects,
    address: objects.address,
    get: (name) => objects.get(name),
    list: (under) => objects.list(under),
    remove: (name) => objects.remove(name),
    removeAll: (under) => objects.removeAll(under),
    sweep: (under) => objects.sweep(under),
    put: (name, content, options) => {
      puts.push(name.slice(name.lastIndexOf('/') + 1))
      return objects.put(name, content, options)
    },
  }
  return { wrapped, puts }
}

describe('checkpoints in an object store', () => {
  test('give back the newest snapshot bit for bit, and null before the first', async () => {
    const store = openStore()
    expect(await store.load()).toBeNull()
    for (const step of [1, 2, 3]) await store.save(snapshot(step))
    const loaded = await openStore().load()
    expect(loaded).toEqual(snapshot(3))
    expect(Object.is(loaded?.vectors['values']?.[1], -0)).toBe(true)
    expect(errors).toEqual([])
  })

  test('a vector that is the same object is neither hashed nor written again; an equal one is hashed only', async () => {
    const { wrapped, puts } = recorded(objectsOf())
    let hashed = 0
    const store = openStore(wrapped, (values) => {
      hashed += 1
      return sha256(values)
    })
    const shared = Float32Array.of(1, 2, 3)
    await store.save({ state: 1, vectors: { shared, other: Float32Array.of(4) } })
    expect([hashed, puts.length]).toEqual([2, 3])
    await store.save({ state: 2, vectors: { shared, other: Float32Array.of(4) } })
    expect([hashed, puts.length]).toEqual([3, 4])
    const { vectors: loaded } = (await store.load())!
    await store.save({ state: 3, vectors: loaded })
    expect(puts.length).toBe(5)
    expect(await vectors()).toHaveLength(2)
  })

  test('the newest two stay, with the vectors they need and no others', async () => {
    const store = openStore()
    const constant = Float32Array.of(7)
    for (const step of [1, 2, 3, 4]) {
      await store.save({ state: step, vectors: { constant, changing: Float32Array.of(step) } })
      expect(await manifests()).toHaveLength(Math.min(step, 2))
      expect(await vectors()).toHaveLength(Math.min(step, 2) + 1)
    }
    expect(await manifests()).toEqual(['000000000003.json', '000000000004.json'])
  })

  test('a vector that comes back after it went is written again', async () => {
    const store = openStore()
    const [once, twice] = [Float32Array.of(1), Float32Array.of(2)]
    for (const vector of [once, twice, twice, twice, once]) await store.save({ state: 0, vectors: { vector } })
    expect((await openStore().load())?.vectors['vector']).toEqual(once)
  })

  test('what an interrupted checkpoint left is ignored, then removed', async () => {
    await openStore().save(snapshot(1))
    await writeFile(join(folder, prefix, 'objects', 'ab'.repeat(32)), 'an object that no manifest names')
    await writeFile(join(folder, prefix, 'manifests', '000000000002.json.x.partial'), '{"what":')
    const store = openStore()
    expect((await store.load())?.state).toMatchObject({ step: 1 })
    await store.save(snapshot(2))
    expect(await manifests()).toHaveLength(2)
    expect(await vectors()).not.toContain('ab'.repeat(32))
  })

  test('a put that fails costs nothing: the next one is whole', async () => {
    const { wrapped, puts } = recorded(objectsOf())
    const store = openStore({
      ...wrapped,
      put: (name, content, options) =>
        puts.length === 4
          ? (puts.push('failed'), Promise.reject(new Error('ENOSPC')))
          : wrapped.put(name, content, options),
    })
    await store.save(snapshot(1))
    await expect(store.save(snapshot(2))).rejects.toThrow('ENOSPC')
    expect(await stateAfter()).toMatchObject({ step: 1 })
    await store.save(snapshot(3))
    expect(await openStore().load()).toEqual(snapshot(3))
  })

  test('of two processes that are both this partition one goes on, whichever order they write in', async () => {
    await openStore().save(snapshot(1))
    const [zombie, successor] = [openStore(objectsOf(2)), openStore(objectsOf(3))]
    await zombie.load()
    await successor.load()
    for (const step of [2, 3, 4, 5]) await successor.save(snapshot(step))
    // Its number is free again, because the successor is far ahead.
    await expect(zombie.save(snapshot(100))).rejects.toMatchObject({ reason: 'CHECKPOINT_TAKEN' })
    await expect(zombie.save(snapshot(101))).rejects.toMatchObject({ reason: 'CHECKPOINT_TAKEN' })
    await successor.save(snapshot(6))
    expect(await openStore().load()).toEqual(snapshot(6))
  })

  test('partitions and jobs do not see each other', () => {
    const prefixes = [
      partitionPrefix('j-1', 'aws/us-east-1'),
      partitionPrefix('j-1', 'aws'),
      partitionPrefix('j-1', 'aws/us-east'),
      partitionPrefix('j-12', 'aws'),
    ]
    for (const one of prefixes) expect(prefixes.filter((other) => other.startsWith(one))).toEqual([one])
  })
})

describe('a damaged checkpoint', () => {
  const newest = (): string => join(folder, prefix, 'manifests', '000000000002.json')
  const damage = {
    'a flipped bit in the state': async () => flip(newest(), 180),
    'a flipped bit in the head': async () => flip(newest(), 3),
    'a cut manifest': async () => truncate(newest(), 200),
    'a manifest cut in its head': async () => truncate(newest(), 20),
    'an empty manifest': async () => truncate(newest(), 0),
    'a foreign file': async () => writeFile(newest(), '{"what":"another thing"}\n{}'),
    'a flipped bit in a vector': async () => flip(await vectorOnlyIn(2), 5),
    'a cut vector': async () => truncate(await vectorOnlyIn(2), 8),
    'a missing vector': async () => rm(await vectorOnlyIn(2)),
  }

  test.each(Object.entries(damage))('%s: the one before is used, it is said, and training goes on', async (_, harm) => {
    const store = openStore()
    await store.save(snapshot(1))
    await store.save(snapshot(2))
    await harm()
    const next = openStore()
    expect(await next.load()).toEqual(snapshot(1))
    expect(errors).toHaveLength(1)
    expect(JSON.stringify(errors)).toContain('000000000002.json')
    await next.save(snapshot(3))
    expect(await openStore().load()).toEqual(snapshot(3))
    // The good one before stays until there are two good ones again.
    expect(await manifests()).toEqual(['000000000001.json', '000000000003.json'])
  })

  test('when all are damaged it is refused, instead of starting anew', async () => {
    await openStore().save(snapshot(1))
    await truncate(join(folder, prefix, 'manifests', '000000000001.json'), 50)
    await expect(openStore().load()).rejects.toMatchObject({ reason: 'CHECKPOINT_DAMAGED' })
  })

  test('one of a newer format is refused by name; the one before would lose what others know', async () => {
    await openStore().save(snapshot(1))
    await writeFile(newest(), '{"what":"cloudless checkpoint","format":3,"sha256":"00"}\nin another way')
    await expect(openStore().load()).rejects.toThrow(/000000000002.json .* has format 3, .* knows format 2/)
    await expect(openStore().load()).rejects.toMatchObject({ reason: 'CHECKPOINT_NEWER' })
  })

  test('the right hash around the wrong content is no manifest', async () => {
    await openStore().save(snapshot(1))
    const wrong = { number: 2, state: 0, vectors: [{ name: 'x', elements: 1, sha256: '../../../etc/passwd' }] }
    await writeFile(newest(), encodeManifest(wrong))
    expect(await stateAfter()).toMatchObject({ step: 1 })
    expect(JSON.stringify(errors)).toContain('not the content of a manifest')
  })

  async function flip(path: string, at: number): Promise<void> {
    const bytes = await readFile(path)
    bytes[at] = bytes[at]! ^ 4
    await writeFile(path, bytes)
  }

  async function vectorOnlyIn(step: number): Promise<string> {
    return join(folder, prefix, 'objects', await sha256(snapshot(step).vectors['late']!))
  }
})

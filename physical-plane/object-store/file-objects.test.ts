import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { blockBytes } from './config.ts'
import { openObjects } from './open-objects.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'objects-'))
})
afterEach(() => rm(folder, { recursive: true }))

const openStore = (seed = 1) => openObjects(pathToFileURL(folder).href, '--object-store', seededRandom(seed))
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (content: Uint8Array | null): string | null => content && new TextDecoder().decode(content)

describe('objects in a folder', () => {
  test('what was put is there, replaced, listed and removed', async () => {
    const store = openStore()
    expect(await store.put('jobs/j-1/a', bytes('one'))).toBe(true)
    expect(await store.put('jobs/j-1/deep/b', bytes('two'))).toBe(true)
    expect(await store.put('jobs/j-1/a', bytes('three'))).toBe(true)
    expect(textOf(await store.get('jobs/j-1/a'))).toBe('three')
    expect(await store.list('jobs/')).toEqual(['jobs/j-1/a', 'jobs/j-1/deep/b'])
    expect([await store.bytes('jobs/'), await store.bytes('nothing/')]).toEqual([8, 0])
    await store.remove('jobs/j-1/a')
    await store.remove('jobs/j-1/a')
    expect(await store.get('jobs/j-1/a')).toBeNull()
    await store.removeAll('jobs/j-1/')
    await store.removeAll('jobs/j-1/')
    expect(await store.list('jobs/')).toEqual([])
  })

  test('an object larger than one block, in shared memory, comes back whole', async () => {
    const content = new Uint8Array(new SharedArrayBuffer(blockBytes + 12_345)).map((_, i) => i % 251)
    const store = openStore()
    await store.put('large', content)
    expect(Buffer.compare((await store.get('large'))!, content)).toBe(0)
  })

  test('of two that put a name if it is absent, one is told that it was first', async () => {
    const [one, two] = [openStore(1), openStore(2)]
    const answers = await Promise.all([
      one.put('manifest', bytes('one'), { ifAbsent: true }),
      two.put('manifest', bytes('two'), { ifAbsent: true }),
    ])
    expect(answers.filter((isFirst) => isFirst)).toHaveLength(1)
    expect(textOf(await one.get('manifest'))).toBe(answers[0] ? 'one' : 'two')
  })

  test('what an interrupted put left is not listed, and swept', async () => {
    const store = openStore()
    await store.put('a/b', bytes('whole'))
    await writeFile(join(folder, 'a', 'b.0123.partial'), 'ha')
    expect(await store.list('a/')).toEqual(['a/b'])
    await store.sweep('a/')
    expect(await readdir(join(folder, 'a'))).toEqual(['b'])
  })

  test('a put that cannot end leaves nothing', async () => {
    const store = openStore()
    await mkdir(join(folder, 'taken', 'by-a-folder'), { recursive: true })
    await expect(store.put('taken', bytes('x'))).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
    expect(await readdir(folder)).toEqual(['taken'])
  })

  test('names that lead elsewhere are refused', async () => {
    const store = openStore()
    for (const name of ['../x', 'a//b', '/etc/passwd', 'a/./b', 'a b', 'x.partial'])
      await expect(store.put(name, bytes('x'))).rejects.toThrow('is no name of an object')
  })
})

describe('an address', () => {
  test.each([
    ['s3://bucket/x', 's3:// where file:// is known'],
    ['objects', 'is no address'],
    ['file://host/x', 'absolute path'],
    ['file:///', 'below the root'],
    ['file:///a%2Fb', 'cannot be read as a path'],
  ])('%s is refused and the option named', (address, why) => {
    const open = () => openObjects(address, '--object-store', seededRandom(1))
    expect(open).toThrow(expect.objectContaining({ kind: 'invalid' }))
    expect(open).toThrow('--object-store')
    expect(open).toThrow(why)
  })
})

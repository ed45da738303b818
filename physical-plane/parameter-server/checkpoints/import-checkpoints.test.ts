import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openObjects } from '#physical-plane/object-store/open-objects.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { importCheckpoints } from './import-checkpoints.ts'
import { ObjectCheckpoints, partitionPrefix } from './object-checkpoints.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'import-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const prefix = partitionPrefix('j-1', 'onprem/lab')
const storeIn = (name: string) => openObjects(pathToFileURL(join(root, name)).href, 'objects', seededRandom(1))

function partitionIn(name: string): ObjectCheckpoints {
  const sha256 = (values: Float32Array): Promise<string> =>
    Promise.resolve(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex'))
  return new ObjectCheckpoints({ objects: storeIn(name), prefix, sha256, log: silentLog })
}

/** What a stager fetches of another store. */
function fetched(from: string): string {
  const folder = join(root, 'fetched')
  rmSync(folder, { recursive: true, force: true })
  cpSync(join(root, from, prefix), folder, { recursive: true })
  return folder
}

test('a partition goes on from what it had elsewhere, and writes its next ones here', async () => {
  const before = partitionIn('b')
  await before.load()
  await before.save({ state: { step: 1 }, vectors: { values: Float32Array.of(1, 2) } })
  await before.save({ state: { step: 2 }, vectors: { values: Float32Array.of(3, 4) } })
  await importCheckpoints(fetched('b'), storeIn('c'), prefix)
  const here = partitionIn('c')
  const snapshot = await here.load()
  expect(snapshot).toMatchObject({ state: { step: 2 } })
  expect([...snapshot!.vectors['values']!]).toEqual([3, 4])
  await here.save({ state: { step: 3 }, vectors: { values: Float32Array.of(5, 6) } })
  // Fetched again, it takes nothing back.
  await importCheckpoints(fetched('b'), storeIn('c'), prefix)
  expect(await partitionIn('c').load()).toMatchObject({ state: { step: 3 } })
})

test('what it had here long ago gives way to what it has since', async () => {
  const first = partitionIn('c')
  await first.load()
  await first.save({ state: { step: 1 }, vectors: {} })
  await importCheckpoints(fetched('c'), storeIn('b'), prefix)
  const away = partitionIn('b')
  await away.load()
  for (const step of [2, 3, 4]) await away.save({ state: { step }, vectors: { values: Float32Array.of(step) } })
  await importCheckpoints(fetched('b'), storeIn('c'), prefix)
  expect(await partitionIn('c').load()).toMatchObject({ state: { step: 4 } })
})

test('one that had none begins without', async () => {
  await importCheckpoints(join(root, 'nothing'), storeIn('c'), prefix)
  expect(await storeIn('c').list('jobs/')).toEqual([])
})

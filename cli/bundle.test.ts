import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleLimits, unpackBundle, type BundleLimits } from '#physical-plane/runtime/bundle.ts'
import { packBundle } from './bundle.ts'

let folder = ''
let count = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pack-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function aFunction(): string {
  const source = join(folder, `source-${count++}`)
  mkdirSync(join(source, 'lib/deep'), { recursive: true })
  writeFileSync(join(source, 'train.py'), 'print("train")\n')
  writeFileSync(join(source, 'lib/b.py'), 'b = 2\n')
  writeFileSync(join(source, 'lib/deep/a.py'), 'a = 1\n')
  writeFileSync(join(source, 'run.sh'), '#!/bin/sh\n')
  chmodSync(join(source, 'run.sh'), 0o755)
  return source
}
const anArchive = (): string => join(folder, `archive-${count++}.tar.gz`)

describe('packBundle', () => {
  test('the same folder gives the same digest, whatever its times, owners and caches', async () => {
    const source = aFunction()
    const copy = join(folder, `copy-${count++}`)
    cpSync(source, copy, { recursive: true })
    utimesSync(join(copy, 'train.py'), 1, 1)
    mkdirSync(join(copy, 'lib/__pycache__'))
    writeFileSync(join(copy, 'lib/__pycache__/b.cpython-312.pyc'), 'x')
    mkdirSync(join(copy, '.git'))
    writeFileSync(join(copy, '.git/HEAD'), 'x')
    const path = anArchive()
    const first = await packBundle(source, path)
    const second = await packBundle(copy, anArchive())
    expect(second.digest).toBe(first.digest)
    expect(first.files).toEqual(['lib/b.py', 'lib/deep/a.py', 'run.sh', 'train.py'])
    const bytes = readFileSync(path)
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(first.digest)
    expect(first.archiveBytes).toBe(bytes.length)
  })

  test('what is packed is what is unpacked, with executable files', async () => {
    const source = aFunction()
    writeFileSync(join(source, 'binary.dat'), Buffer.from([0, 255, 10, 13, 0]))
    symlinkSync('train.py', join(source, 'alias.py'))
    const longName = `${'folder-name-of-some-length/'.repeat(6)}file.py`
    mkdirSync(join(source, longName, '..'), { recursive: true })
    writeFileSync(join(source, longName), 'long')
    const path = anArchive()
    const { digest, files } = await packBundle(source, path)
    const unpacked = join(folder, `unpacked-${count++}`)
    await unpackBundle(path, digest, unpacked)
    for (const file of files) expect(readFileSync(join(unpacked, file))).toEqual(readFileSync(join(source, file)))
    expect(files).toContain(longName)
  })

  test('a changed byte gives another digest', async () => {
    const source = aFunction()
    const before = await packBundle(source, anArchive())
    writeFileSync(join(source, 'train.py'), 'print("Train")\n')
    expect((await packBundle(source, anArchive())).digest).not.toBe(before.digest)
  })

  test('a link out of the folder, to nothing or to a folder is refused by name', async () => {
    const out = aFunction()
    symlinkSync('/etc/passwd', join(out, 'passwd'))
    await expect(packBundle(out, anArchive())).rejects.toThrow(/passwd is a link out of the folder/)
    const broken = aFunction()
    symlinkSync('nowhere', join(broken, 'broken.py'))
    await expect(packBundle(broken, anArchive())).rejects.toThrow(/broken.py is a link to nothing/)
    const loop = aFunction()
    symlinkSync('lib', join(loop, 'again'))
    await expect(packBundle(loop, anArchive())).rejects.toThrow(/again is a link to a folder/)
  })

  test('limits on files, content and archive are named', async () => {
    const source = aFunction()
    const limited = (limits: Partial<BundleLimits>) => packBundle(source, anArchive(), { ...bundleLimits, ...limits })
    await expect(limited({ entriesMax: 3 })).rejects.toThrow(/more than 3 files/)
    await expect(limited({ contentBytesMax: 20 })).rejects.toThrow(/beyond 20 bytes/)
    await expect(limited({ archiveBytesMax: 30 })).rejects.toThrow(/grows beyond 30 bytes/)
  })

  test('a folder that is missing, empty or a file is refused', async () => {
    await expect(packBundle(join(folder, 'missing'), anArchive())).rejects.toThrow(/does not exist/)
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    await expect(packBundle(empty, anArchive())).rejects.toThrow(/no files/)
    await expect(packBundle(join(aFunction(), 'train.py'), anArchive())).rejects.toThrow(/not a folder/)
  })
})

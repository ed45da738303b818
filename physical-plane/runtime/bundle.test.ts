import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { pack, type Header } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { bundleLimits, checkedPath, unpackBundle } from './bundle.ts'

let folder = ''
let count = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'unpack-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function anArchive(
  ...entries: readonly (Partial<Header> & { readonly name: string } & { readonly content?: string })[]
): Promise<Buffer> {
  const archive = pack()
  for (const { content, ...header } of entries) archive.entry(header, content ?? '')
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(Buffer.from(chunk as Uint8Array))
  return gzipSync(Buffer.concat(chunks))
}

async function unpack(bytes: Buffer, limits: Partial<Record<keyof typeof bundleLimits, number>> = {}): Promise<string> {
  const number = count++
  const path = join(folder, `${number}.tar.gz`)
  writeFileSync(path, bytes)
  const digest = createHash('sha256').update(bytes).digest('hex')
  const into = join(folder, `out-${number}`, digest)
  await unpackBundle(path, digest, into, { ...bundleLimits, ...limits })
  return into
}

describe('unpackBundle', () => {
  test('files, folders and execute permission come out; files are read-only', async () => {
    const into = await unpack(
      await anArchive(
        { name: './a/', type: 'directory' },
        { name: './a/b.py', content: 'b', mode: 0o644 },
        { name: 'c/d.sh', content: 'd', mode: 0o755 },
      ),
    )
    expect(readFileSync(join(into, 'a/b.py'), 'utf8')).toBe('b')
    expect(statSync(join(into, 'a/b.py')).mode & 0o777).toBe(0o444)
    expect(statSync(join(into, 'c/d.sh')).mode & 0o777).toBe(0o555)
  })

  test.each([
    ['../evil.py', /"\.\.\/evil\.py" leaves the bundle/],
    ['a/../../evil.py', /"a\/\.\.\/\.\.\/evil\.py" leaves the bundle/],
    ['/etc/evil', /"\/etc\/evil" has an absolute path/],
    ['a\\..\\evil', /character that is not allowed/],
  ])('the name %s is refused and nothing is left', async (name, message) => {
    const bytes = await anArchive({ name: 'fine.py', content: 'x' }, { name, content: 'x' })
    await expect(unpack(bytes)).rejects.toThrow(message)
    expect(readdirSync(join(folder, `out-${count - 1}`))).toEqual([])
    expect(existsSync(join(folder, 'evil.py'))).toBe(false)
  })

  test.each(['symlink', 'link', 'character-device', 'block-device', 'fifo'] as const)(
    'a %s is refused',
    async (type) => {
      const bytes = await anArchive({ name: 'trick', type, linkname: '/etc/passwd' })
      await expect(unpack(bytes)).rejects.toThrow(new RegExp(`"trick" is a ${type}; only files and folders`))
    },
  )

  test('two entries of one name, or a file used as a folder, are refused', async () => {
    await expect(unpack(await anArchive({ name: 'a', content: '1' }, { name: 'a', content: '2' }))).rejects.toThrow(
      /"a" clashes/,
    )
    await expect(unpack(await anArchive({ name: 'a', content: '1' }, { name: 'a/b', content: '2' }))).rejects.toThrow(
      /"a\/b" clashes/,
    )
  })

  test('too many entries, too much content and a bomb are refused by the entry or the limit', async () => {
    const two = await anArchive({ name: 'a', content: '1' }, { name: 'b', content: '2' })
    await expect(unpack(two, { entriesMax: 1 })).rejects.toThrow(/"b" is beyond 1 entries/)
    const big = await anArchive({ name: 'big', content: 'x'.repeat(100_000) })
    await expect(unpack(big, { contentBytesMax: 50_000 })).rejects.toThrow(/"big" takes the bundle beyond 50000 bytes/)
    const bomb = gzipSync(
      Buffer.concat([gunzipSync(await anArchive({ name: 'a', content: '1' })), Buffer.alloc(300_000)]),
    )
    await expect(unpack(bomb, { contentBytesMax: 1_000, entriesMax: 10 })).rejects.toThrow(/unpacks to more than/)
    await expect(unpack(big, { archiveBytesMax: 10 })).rejects.toThrow(/more than the 10 allowed/)
  })

  test('a wrong digest is found before anything is unpacked', async () => {
    const path = join(folder, 'wrong.tar.gz')
    writeFileSync(path, await anArchive({ name: 'a', content: '1' }))
    await expect(unpackBundle(path, 'a'.repeat(64), join(folder, 'wrong'))).rejects.toThrow(/arrived as/)
    await expect(unpackBundle(path, '../../etc', join(folder, 'wrong'))).rejects.toThrow(/not a sha256/)
    expect(existsSync(join(folder, 'wrong'))).toBe(false)
  })

  test('what is not tar.gz, or is cut short, is refused', async () => {
    await expect(unpack(Buffer.from('hello'))).rejects.toThrow(/not a readable tar\.gz/)
    await expect(unpack(gzipSync(Buffer.from('hello'.repeat(500))))).rejects.toThrow(/not a readable tar\.gz/)
    const whole = await anArchive({ name: 'a', content: 'x'.repeat(5_000) })
    await expect(unpack(whole.subarray(0, whole.length / 2))).rejects.toThrow(/not a readable tar\.gz/)
  })

  test('any archive bytes end in a folder or a typed error, and never outside the folder', async () => {
    const base = gunzipSync(
      await anArchive({ name: 'dir/file.py', content: 'x'.repeat(700) }, { name: 'other', content: 'y' }),
    )
    const change = fc.record({ at: fc.nat(base.length - 1), value: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = Buffer.from(base)
        for (const { at, value } of changes) bytes[at] = value
        const before = readdirSync(folder).length
        const outcome = await unpack(gzipSync(bytes)).catch((error: unknown) => error)
        expect(typeof outcome === 'string' || outcome instanceof CloudlessError).toBe(true)
        // One archive, and its folder unless it was refused before.
        expect(readdirSync(folder).length - before).toBeLessThanOrEqual(2)
      }),
      { numRuns: 60 },
    )
  })
})

test('a checked path stays inside, for any name', () => {
  const outcome = (name: string): string | CloudlessError => {
    try {
      return checkedPath(name)
    } catch (error) {
      if (error instanceof CloudlessError) return error
      throw error
    }
  }
  const names = fc.string({ unit: fc.constantFrom('a', '.', '/', '\\', '\0', 'é'), maxLength: 20 })
  fc.assert(
    fc.property(names, (name) => {
      const path = outcome(name)
      const isInside =
        path instanceof CloudlessError ||
        (`${join('/root/of/bundle', path)}/`.startsWith('/root/of/bundle/') && !path.split('/').includes('..'))
      expect(isInside).toBe(true)
    }),
  )
})

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { headerFields, layoutConstants, slotFields } from '#physical-plane/gpu-sharing/layout.ts'
import { buildInterposer } from './build-interposer.ts'
import { hasCompiler, withoutCompiler } from './interposer.fixture.ts'

describe.skipIf(!hasCompiler)(`the interposer’s build${hasCompiler ? '' : ` (${withoutCompiler})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloudless-build-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('builds that meet leave one whole library, and the next finds it', async () => {
    const cache = join(folder, 'cache')
    const paths = await Promise.all([1, 2].map(() => buildInterposer({ folder: cache })))
    expect(new Set(paths).size).toBe(1)
    expect(readdirSync(cache).map((name) => join(cache, name))).toEqual([paths[0]])
    expect(await buildInterposer({ folder: cache })).toBe(paths[0])
  })

  test('without a compiler it says what is missing', async () => {
    const build = buildInterposer({ folder: join(folder, 'none'), cc: 'no-such-compiler' })
    await expect(build).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'NO_C_COMPILER',
      message: expect.stringContaining('no C compiler "no-such-compiler"') as string,
    })
  })

  test('a compiler that fails leaves nothing behind, and its words are told', async () => {
    const cc = join(folder, 'cc-that-fails')
    writeFileSync(cc, '#!/bin/sh\necho "broken: no disk left" >&2\nexit 1\n', { mode: 0o755 })
    const cache = join(folder, 'failed')
    await expect(buildInterposer({ folder: cache, cc })).rejects.toMatchObject({
      reason: 'INTERPOSER_NOT_BUILT',
      message: expect.stringContaining('broken: no disk left') as string,
    })
    expect(readdirSync(cache)).toEqual([])
  })

  test('shared.h and its mirror in TypeScript lay every field alike', () => {
    const source = join(folder, 'offsets.c')
    const lines = [...offsetsOf('cloudless_header', headerFields), ...offsetsOf('cloudless_slot', slotFields)]
    const constants = [
      'CLOUDLESS_VERSION',
      'SLOTS',
      'CLAIMS_AT',
      'SLOTS_AT',
      'SLOT_BYTES',
      'FILE_BYTES',
      'YIELDS',
      'CYCLES',
      'WINDOWS',
    ]
    const named = constants.map((name) => (name.startsWith('CLOUDLESS') ? name : `CLOUDLESS_${name}`))
    writeFileSync(
      source,
      `#include <stddef.h>
#include <stdio.h>
#include "${join(import.meta.dirname, 'shared.h')}"
int main(void) {
${lines.map(({ c }) => `  printf("%zu %zu\\n", ${c});`).join('\n')}
${named.map((name) => `  printf("%d\\n", ${name});`).join('\n')}
  printf("%llx\\n", (unsigned long long)CLOUDLESS_MAGIC);
}`,
    )
    const program = join(folder, 'offsets')
    execFileSync('cc', ['-std=c11', source, '-o', program])
    const told = execFileSync(program).toString().trim().split('\n')
    const { version, slots, claimsAt, slotsAt, slotBytes, fileBytes, yields, cycles, windows, magic } = layoutConstants
    expect(told).toEqual([
      ...lines.map(({ expected }) => expected),
      ...[version, slots, claimsAt, slotsAt, slotBytes, fileBytes, yields, cycles, windows].map(String),
      magic.toString(16),
    ])
    expect(existsSync(program)).toBe(true)
  })
})

type Fields = Readonly<Record<string, { readonly at: number; readonly bytes: number; readonly count?: number }>>

function offsetsOf(struct: string, fields: Fields): readonly { readonly c: string; readonly expected: string }[] {
  return Object.entries(fields).map(([name, { at, bytes, count = 1 }]) => {
    const field = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    return {
      c: `offsetof(struct ${struct}, ${field}), sizeof(((struct ${struct} *)0)->${field})`,
      expected: `${at} ${bytes * count}`,
    }
  })
}

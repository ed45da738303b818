// Compiles each .wat file of the parameter server into a .wasm.ts beside it, so that no compiler is needed where the
// parameter server runs. Part of `npm run generate`; kernels.test.ts fails when checked-in code is stale. Every module
// imports the arena as `(import "arena" "memory" (memory 1 65536 shared))`, since two threads run it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const columns = 118

/** All WebAssembly text there is. */
export const kernelSources: readonly string[] = [
  join(import.meta.dirname, 'kernels.wat'),
  join(import.meta.dirname, 'merge-kernels.wat'),
  join(import.meta.dirname, 'reduce-kernels.wat'),
  join(import.meta.dirname, '../sync/codec/codec-kernels.wat'),
]

/** Where the compiled form of a source lies. */
export function compiledPathOf(source: string): string {
  return source.replace(/\.wat$/, '.wasm.ts')
}

/** The text that the compiled form should have: `some-kernels.wat` becomes `export const someKernelsCode`. */
export function compiled(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'kernels-'))
  try {
    const compiler = join(import.meta.dirname, '../../../node_modules/.bin/wat2wasm')
    const code = join(folder, 'kernels.wasm')
    execFileSync(compiler, ['--enable-threads', '--enable-relaxed-simd', source, '-o', code], { stdio: 'inherit' })
    const lines =
      readFileSync(code)
        .toString('base64')
        .match(new RegExp(`.{1,${columns}}`, 'g')) ?? []
    const file = basename(source)
    const name = file.replace(/\.wat$/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    return [
      `// Generated from ${file} by \`npm run generate\`. Do not edit.`,
      `export const ${name}Code = Buffer.from(`,
      '  `',
      ...lines,
      '`,',
      "  'base64',",
      ')',
      '',
    ].join('\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  for (const source of kernelSources) writeFileSync(compiledPathOf(source), compiled(source))
}

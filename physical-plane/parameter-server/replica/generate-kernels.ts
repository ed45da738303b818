// Compiles kernels.wat into kernels.wasm.ts, so that no compiler is needed where the parameter server runs.
// Part of `npm run generate`; kernels.test.ts fails when the checked-in code is stale.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const columns = 118

/** The text that kernels.wasm.ts should have. */
export function compiledKernels(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kernels-'))
  try {
    const compiler = join(import.meta.dirname, '../../../node_modules/.bin/wat2wasm')
    const code = join(folder, 'kernels.wasm')
    execFileSync(compiler, [join(import.meta.dirname, 'kernels.wat'), '-o', code], { stdio: 'inherit' })
    const lines =
      readFileSync(code)
        .toString('base64')
        .match(new RegExp(`.{1,${columns}}`, 'g')) ?? []
    return [
      '// Generated from kernels.wat by `npm run generate`. Do not edit.',
      'export const kernelsCode = Buffer.from(',
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

if (import.meta.main) writeFileSync(join(import.meta.dirname, 'kernels.wasm.ts'), compiledKernels())

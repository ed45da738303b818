// `npm run check`: everything that can be judged without running the product. Quick enough for every commit.
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules/.bin', name)

const steps: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', bin('tsc'), ['--noEmit']],
  ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ['format', bin('oxfmt'), ['--check']],
  ['proto lint', bin('buf'), ['lint', 'proto']],
  ['house rules', bin('vitest'), ['run', '--project', 'unit', 'test/architecture.test.ts']],
]

/** Every C source by itself, also those that only tests and benchmarks build; what links them is beside each. */
function compilesOfC(): readonly (readonly [string, string, readonly string[]])[] {
  const sources = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.c'], { cwd: root })
  const files = sources.toString().split('\n').filter(Boolean)
  if (files.length === 0) return []
  if (spawnSync('cc', ['--version']).status !== 0) {
    console.log(`> C: skipped, ${files.length} sources: there is no C compiler (cc) on PATH`)
    return []
  }
  return [['C', 'cc', ['-std=c11', '-D_GNU_SOURCE=', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', ...files]]]
}

const failed = [...steps, ...compilesOfC()].filter(([name, command, args]) => {
  console.log(`\n> ${name}`)
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status !== 0
})
console.log(failed.length === 0 ? '\ncheck passed' : `\ncheck failed: ${failed.map(([name]) => name).join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

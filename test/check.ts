// `npm run check`: everything that can be judged without running the product. Quick enough for every commit.
import { spawnSync } from 'node:child_process'
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

const failed = steps.filter(([name, command, args]) => {
  console.log(`\n> ${name}`)
  return spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status !== 0
})
console.log(failed.length === 0 ? '\ncheck passed' : `\ncheck failed: ${failed.map(([name]) => name).join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1

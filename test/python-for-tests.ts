// The interpreter that the tests use: CLOUDLESS_PYTHON, or the one that `cloudless setup-python` makes.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { installOptional } from './optional-python.ts'

/** Path of a Python with torch, numpy, grpcio, protobuf and pytest; null, with the reason printed, when there is none. */
export async function pythonForTests(): Promise<string | null> {
  const root = join(import.meta.dirname, '..')
  console.log('> python: looking for an interpreter with torch (the first time this installs one, 1 to 5 minutes)')
  const args = ['cli/main.ts', 'setup-python', '--with-tests', '--json']
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  const last = result.stdout.trim().split('\n').at(-1) ?? ''
  if (result.status === 0) {
    const { python, source } = JSON.parse(last) as { python: string; source: string }
    if (source === 'managed') installOptional(python, (text) => console.log(text))
    return python
  }
  console.error(`no Python for the tests: ${last}`)
  return null
}

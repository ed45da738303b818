// Finding a Python with little shell programs in the part of python3, so that nothing is installed.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { problemsOf, workerModules } from './python-check.ts'
import { findPython, type PythonEnvironment } from './python-environment.ts'

const scratch: string[] = []
let home: string
let notes: string[]

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'python-'))
  mkdirSync(join(home, 'bin'))
  notes = []
  scratch.push(home)
})

afterAll(() => {
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true })
})

const versions = { torch: '2.9.1', numpy: '2.0.0', grpc: '1.70.0', 'google.protobuf': '6.0.0' }
const allIsWell = `echo '{"version":"3.12.1","modules":${JSON.stringify(versions)},"failures":{}}'`
const bare = `echo '{"version":"3.12.1","modules":{},"failures":{"torch":"ModuleNotFoundError: torch"}}'`

describe('CLOUDLESS_PYTHON', () => {
  test('is used when it has what it takes', async () => {
    const python = program('mine', allIsWell)
    const found = await find({ CLOUDLESS_PYTHON: python })
    expect(found).toEqual({ python, source: 'CLOUDLESS_PYTHON', version: '3.12.1', modules: versions })
  })

  test('is refused, and never replaced, when it has not', async () => {
    program('python3', allIsWell)
    await expect(find({ CLOUDLESS_PYTHON: program('mine', bare) })).rejects.toThrow(
      /torch cannot be imported \(ModuleNotFoundError: torch\).*pip install "torch>=2.1,<3"/,
    )
    await expect(find({ CLOUDLESS_PYTHON: '/nowhere/python' })).rejects.toThrow(
      /\/nowhere\/python does not run.*ENOENT/,
    )
    await expect(find({ CLOUDLESS_PYTHON: program('silent', 'exit 0') })).rejects.toThrow(/does not run/)
  })
})

describe('an environment of our own', () => {
  const venv = `mkdir -p "$3/bin"; printf '#!/bin/sh\\nif [ "$2" = pip ]; then echo "Successfully installed torch"; exit 0; fi\\n%s\\n' '${allIsWell.replaceAll("'", `'"'"'`)}' > "$3/bin/python"; chmod +x "$3/bin/python"`
  const python3 = `if [ "$2" = venv ]; then ${venv}; else ${bare}; fi`

  test('is made once, and used again', async () => {
    program('python3', python3)
    const first = await find({})
    expect(first).toMatchObject({ source: 'managed', python: join(home, 'python/bin/python') })
    expect(notes.join('\n')).toContain('installing a Python environment')
    notes.length = 0
    expect(await find({})).toEqual(first)
    expect(notes).toEqual([])
    expect(existsSync(join(home, 'python.lock'))).toBe(false)
  })

  test('that was damaged is made anew', async () => {
    program('python3', python3)
    await find({})
    writeFileSync(join(home, 'python/bin/python'), '#!/bin/sh\nexit 1\n')
    expect((await find({})).source).toBe('managed')
    expect(notes.join('\n')).toContain('is damaged; installing it anew')
  })

  test('cannot be made: each reason comes with its fix, and leaves no lock', async () => {
    await expect(find({})).rejects.toThrow(/no python3.*apt-get install python3/)
    program('python3', `echo '{"version":"3.8.1","modules":{},"failures":{}}'`)
    await expect(find({})).rejects.toThrow(/Python 3.8.1 is too old; 3.10 or newer/)
    program('python3', `if [ "$2" = venv ]; then echo "ensurepip is not available" >&2; exit 1; else ${bare}; fi`)
    await expect(find({})).rejects.toThrow(/ensurepip is not available.*python3-venv/)
    const offline = `echo "ERROR: No matching distribution found for torch" >&2; exit 1`
    program('python3', python3.replace('echo "Successfully installed torch"; exit 0', offline.replaceAll('"', '\\"')))
    await expect(find({})).rejects.toThrow(/No matching distribution found for torch.*package index/)
    expect(existsSync(join(home, 'python.lock'))).toBe(false)
  })

  test("gives way to the system's Python when that has everything", async () => {
    program('python3', `if [ "$2" = venv ]; then echo broken >&2; exit 1; else ${allIsWell}; fi`)
    expect(await find({})).toMatchObject({ source: 'system', python: 'python3' })
    expect(notes.join('\n')).toContain("using the system's python3, which has torch 2.9.1")
  })
})

test('versions are compared as numbers', () => {
  const found = { version: '3.10.0', modules: { ...versions, torch: '2.10.0+cpu', numpy: '1.9.0' }, failures: {} }
  expect(problemsOf(found, workerModules)).toEqual(['numpy 1.9.0 is too old; numpy>=1.24,<3 is needed'])
})

/** A shell script under the home's bin, which is the whole PATH but for the system's tools. */
function program(name: string, script: string): string {
  const path = join(home, 'bin', name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

function find(environment: Record<string, string>): Promise<PythonEnvironment> {
  // The tools that the scripts use are linked in, python3 is not: a machine's own must not be found.
  const tools = ['mkdir', 'chmod', 'printf', 'echo'].map((name) => `/bin/${name}`).filter((path) => existsSync(path))
  for (const path of tools) {
    const name = path.slice('/bin/'.length)
    if (!existsSync(join(home, 'bin', name))) program(name, `exec ${path} "$@"`)
  }
  return findPython({
    environment: { PATH: join(home, 'bin'), ...environment },
    home,
    withTests: false,
    clock: systemClock(),
    signal: new AbortController().signal,
    note: (text) => notes.push(text),
  })
}

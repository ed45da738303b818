// Compiles the fake GPU's driver and its C clients with plain `cc` into a folder of the machine's temporary folder that is named
// after the sources' hash, so that a change builds anew and everything else is found. Builds that meet do not hurt: each
// compiles aside and moves its folder into place.
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export type BuiltFakeGpu = {
  /** Holds libcuda.so.1 and libcuda.so: for LD_LIBRARY_PATH and -L. */
  readonly folder: string
  readonly library: string
  /** Programs: `train`, `serve`, `fill` and `script`. */
  readonly client: (name: FakeGpuClient) => string
}

export type FakeGpuClient = (typeof clients)[number]

const sources = import.meta.dirname
const clients = ['train', 'serve', 'fill', 'script'] as const
const warnings = ['-std=c11', '-O2', '-Wall', '-Wextra', '-Werror']

/** Whether there is a C compiler; tests that need the fake GPU are skipped without one, and say so. */
export function hasCompiler(): boolean {
  return spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0
}

export async function buildFakeGpu(): Promise<BuiltFakeGpu> {
  const driver = filesIn('driver')
  const programs = filesIn('clients')
  const hash = createHash('sha256')
  for (const file of [...driver, ...programs, join(sources, 'build-fake-gpu.ts')])
    hash.update(readFileSync(file)).update('\0')
  const shelf = join(tmpdir(), `cloudless-fake-gpu-${userInfo().uid}`)
  const folder = join(shelf, hash.digest('hex').slice(0, 16))
  if (!existsSync(folder)) {
    mkdirSync(shelf, { recursive: true, mode: 0o700 })
    const aside = mkdtempSync(join(shelf, 'build-'))
    await compile(aside, driver)
    moveIntoPlace(aside, folder)
  }
  return { folder, library: join(folder, 'libcuda.so.1'), client: (name) => join(folder, name) }
}

async function compile(folder: string, driver: readonly string[]): Promise<void> {
  const cc = promisify(execFile)
  const library = join(folder, 'libcuda.so.1')
  // Only what is marked leaves the library, and it keeps to its own symbols, or a library loaded before it would be called.
  const shared = ['-shared', '-fPIC', '-fvisibility=hidden', '-Wl,-Bsymbolic', '-Wl,-soname,libcuda.so.1']
  await cc('cc', [...warnings, ...shared, '-o', library, ...driver.filter(isC), '-lm', '-lpthread'])
  symlinkSync('libcuda.so.1', join(folder, 'libcuda.so'))
  for (const client of clients) {
    const source = join(sources, 'clients', `${client}.c`)
    await cc('cc', [...warnings, '-D_GNU_SOURCE', '-o', join(folder, client), source, `-L${folder}`, '-lcuda', '-lm'])
  }
}

function moveIntoPlace(aside: string, folder: string): void {
  try {
    renameSync(aside, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    rmSync(aside, { recursive: true, force: true })
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(join(sources, folder))
    .filter((file) => /\.[ch]$/.test(file))
    .sort()
    .map((file) => join(sources, folder, file))
}

function isC(file: string): boolean {
  return file.endsWith('.c')
}

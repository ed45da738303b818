// Compiles the interposer with the machine's own C compiler, once for each state of its sources: the library lies in a cache
// folder under their hash. Whoever builds at the same time builds aside and moves its file into place, so the file that
// has the name is always whole. A program that has it mapped keeps it: files are replaced, never written into.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CloudlessError, messageOf } from '#runtime/errors.ts'

/** Whole command line but for the files. Sibling calls of -O2 are needed: dlsym must be left with the caller's return address. */
export const interposerFlags = [
  '-std=c11',
  '-O2',
  '-shared',
  '-fPIC',
  '-fvisibility=hidden',
  '-ftls-model=initial-exec',
  // Warnings are errors in `npm run check`, not here: a newer compiler's new warning must not take GPU sharing from a machine.
  '-Wall',
  '-Wextra',
  // Its own references are to itself, and it is never unloaded: hooks may be on the stack of any thread.
  '-Wl,-Bsymbolic',
  '-Wl,-z,nodelete',
  '-Wl,-soname,libcloudless-interposer.so',
] as const

const compileTimeoutMs = 60_000

export type InterposerBuild = {
  /** Where the library is kept; made if it is not there. */
  readonly folder: string
  /** The compiler; `cc` on PATH unless told otherwise. */
  readonly cc?: string
}

/** The library's path. Throws `unavailable` saying what is missing, so that an agent can hand out whole GPUs only. */
export async function buildInterposer({ folder, cc = 'cc' }: InterposerBuild): Promise<string> {
  const sources = await sourceFiles()
  const library = join(folder, `libcloudless-interposer-${await hashOf(sources, cc)}.so`)
  if (await exists(library)) return library
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const aside = await mkdtemp(join(folder, 'build-'))
  try {
    const built = join(aside, 'interposer.so')
    await compile(cc, [
      ...interposerFlags,
      '-o',
      built,
      ...sources.filter((file) => file.endsWith('.c')),
      '-ldl',
      '-lpthread',
    ])
    await rename(built, library)
    return library
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

async function compile(cc: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(cc, args, { timeout: compileTimeoutMs })
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const message = isMissing
      ? `GPUs can not be shared: there is no C compiler "${cc}" on this machine's PATH; install gcc or clang`
      : `GPUs can not be shared: the interposer does not compile with "${cc}": ${lastLines(error)}`
    throw new CloudlessError('unavailable', isMissing ? 'NO_C_COMPILER' : 'INTERPOSER_NOT_BUILT', message, {
      cause: error,
    })
  }
}

function lastLines(error: unknown): string {
  const isTold = error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' && error.stderr !== ''
  return (isTold ? String(error.stderr) : messageOf(error)).trim().split('\n').slice(-5).join('\n')
}

async function sourceFiles(): Promise<readonly string[]> {
  const names = await readdir(import.meta.dirname)
  return names
    .filter((name) => /\.[ch]$/.test(name))
    .sort()
    .map((name) => join(import.meta.dirname, name))
}

async function hashOf(files: readonly string[], cc: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([cc, interposerFlags]))
  for (const file of files) hash.update(await readFile(file)).update('\0')
  return hash.digest('hex').slice(0, 16)
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}

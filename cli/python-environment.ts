// The Python that runs training functions: CLOUDLESS_PYTHON; else a virtual environment of our own, made once by venv
// and pip under CLOUDLESS_HOME/python; else a system Python that has all it takes. Safe to run twice at once (a lock)
// and to interrupt: a half-made environment is completed by the next run.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { withFileLock } from './file-lock.ts'
import { checkPython, pythonVersionMin, testModules, workerModules, type PythonModule } from './python-check.ts'
import { runChild } from './run-child.ts'
import type { Environment } from './server-address.ts'
import { formatSeconds } from './units.ts'

export type PythonOptions = {
  readonly environment: Environment
  /** CLOUDLESS_HOME. */
  readonly home: string
  /** Also what the Python tests need. */
  readonly withTests: boolean
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Told what is going on, since the first installation takes minutes. */
  readonly note: (text: string) => void
}

export type PythonEnvironment = {
  /** Path of the interpreter. */
  readonly python: string
  readonly source: 'CLOUDLESS_PYTHON' | 'managed' | 'system'
  readonly version: string
  readonly modules: Readonly<Record<string, string>>
}

export async function findPython(options: PythonOptions): Promise<PythonEnvironment> {
  const modules = options.withTests ? testModules : workerModules
  const configured = options.environment['CLOUDLESS_PYTHON'] ?? ''
  if (configured !== '') return useConfigured(configured, modules, options)
  const folder = join(options.home, 'python')
  try {
    return await withFileLock(
      `${folder}.lock`,
      {
        clock: options.clock,
        signal: options.signal,
        onWait: ({ pid }) =>
          options.note(`another cloudless (process ${pid}) is installing Python packages; waiting for it`),
      },
      () => useManaged(folder, modules, options),
    )
  } catch (error) {
    if (!(error instanceof CloudlessError) || error.kind === 'cancelled') throw error
    const system = await usable('python3', 'system', modules, options)
    if (system === null) throw error
    options.note(`${error.message}\nusing the system's python3, which has torch ${system.modules['torch'] ?? ''}`)
    return system
  }
}

/** What a person named is used or refused, never silently replaced. */
async function useConfigured(
  python: string,
  modules: readonly PythonModule[],
  options: PythonOptions,
): Promise<PythonEnvironment> {
  const found = await checkPython(python, modules, options.environment, options.signal)
  if (found.version === null || found.problems.length > 0) {
    const requirements = modules.map(({ requirement }) => `"${requirement}"`).join(' ')
    throw refused(
      `CLOUDLESS_PYTHON=${python}: ${found.problems.join('; ')}. ` +
        `Fix: ${python} -m pip install ${requirements}, or unset CLOUDLESS_PYTHON`,
    )
  }
  return { python, source: 'CLOUDLESS_PYTHON', version: found.version, modules: found.modules }
}

async function usable(
  python: string,
  source: PythonEnvironment['source'],
  modules: readonly PythonModule[],
  options: PythonOptions,
): Promise<PythonEnvironment | null> {
  const {
    version,
    modules: versions,
    problems,
  } = await checkPython(python, modules, options.environment, options.signal)
  return version === null || problems.length > 0 ? null : { python, source, version, modules: versions }
}

async function useManaged(
  folder: string,
  modules: readonly PythonModule[],
  options: PythonOptions,
): Promise<PythonEnvironment> {
  const python = join(folder, 'bin', 'python')
  const marker = join(folder, 'ready')
  const wanted = createHash('sha256')
    .update(modules.map(({ requirement }) => requirement).join('\n'))
    .digest('hex')
  const isMarked = existsSync(marker) && readFileSync(marker, 'utf8').split('\n').includes(wanted)
  if (isMarked) {
    const found = await usable(python, 'managed', modules, options)
    if (found !== null) return found
    options.note(`the Python environment in ${folder} is damaged; installing it anew`)
    rmSync(folder, { recursive: true, force: true })
  }
  await checkSystemPython(options)
  await install(folder, python, modules, options)
  const found = await checkPython(python, modules, options.environment, options.signal)
  if (found.version === null || found.problems.length > 0) {
    throw refused(
      `the packages installed in ${folder} do not work: ${found.problems.join('; ')}. Fix: remove ${folder} and try again`,
    )
  }
  writeFileSync(marker, `${wanted}\n`, { flag: 'a' })
  return { python, source: 'managed', version: found.version, modules: found.modules }
}

async function checkSystemPython(options: PythonOptions): Promise<void> {
  const found = await checkPython('python3', [], options.environment, options.signal)
  if (found.version === null) {
    throw refused(
      'there is no python3. Fix: install it (Debian: apt-get install python3 python3-venv), or set CLOUDLESS_PYTHON',
    )
  }
  if (found.problems.length > 0) {
    const fix = `Fix: install Python ${pythonVersionMin.join('.')} or newer and set CLOUDLESS_PYTHON to one that has torch`
    throw refused(`${found.problems.join('; ')}. ${fix}`)
  }
}

/**
 * PyTorch's own index of CPU builds: the ordinary one gives Linux a build with CUDA, some gigabytes more. Its versions
 * ("2.13.0+cpu") go before plain ones; where it cannot be reached pip says so and goes on without it.
 */
const cpuBuilds = 'https://download.pytorch.org/whl/cpu'

async function install(
  folder: string,
  python: string,
  modules: readonly PythonModule[],
  options: PythonOptions,
): Promise<void> {
  const { environment, signal, note, clock } = options
  const startMs = clock.monotonicMs()
  const elapsed = (): string => formatSeconds((clock.monotonicMs() - startMs) / 1000)
  note(`installing a Python environment with torch into ${folder} (once; 1 to 5 minutes)`)
  const made = await runChild('python3', ['-m', 'venv', folder], { environment, signal })
  if (made.status !== 0) {
    throw refused(
      `python3 -m venv failed: ${lastLine(made.tail)}. Fix: install the venv module (Debian: apt-get install python3-venv), or set CLOUDLESS_PYTHON`,
    )
  }
  const requirements = modules.map(({ requirement }) => requirement)
  const args = ['-m', 'pip', 'install', '--progress-bar', 'off', '--extra-index-url', cpuBuilds, ...requirements]
  const isDone = new AbortController()
  const reminder = remind(clock, isDone.signal, () => note(`  still installing, ${elapsed()}`))
  try {
    const result = await runChild(python, args, {
      // An index that is away should be told at once; pip's own repeats take minutes.
      environment: { ...environment, PIP_RETRIES: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' },
      signal,
      onLine: (line) => {
        if (/^\s*(Downloading|Installing collected|Successfully installed)/.test(line))
          note(`  ${line.trim().slice(0, 100)}`)
      },
    })
    if (result.status !== 0) {
      const why = result.tail.split('\n').find((line) => line.startsWith('ERROR:')) ?? lastLine(result.tail)
      throw refused(
        `pip could not install ${modules.map(({ name }) => name).join(', ')}: ${why}. ` +
          'Fix: check the network or the package index (pip config list), or set CLOUDLESS_PYTHON to a Python that has them',
      )
    }
  } finally {
    isDone.abort()
    await reminder
  }
  note(`Python environment ready after ${elapsed()}`)
}

async function remind(clock: Clock, signal: AbortSignal, tell: () => void): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(15_000, signal)
    if (!signal.aborted) tell()
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

function refused(text: string): CloudlessError {
  return new CloudlessError('unavailable', 'NO_PYTHON', text)
}

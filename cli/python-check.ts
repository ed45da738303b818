// What the worker needs of a Python, and whether an interpreter has it.
import type { Environment } from './server-address.ts'
import { runChild } from './run-child.ts'

export type PythonModule = {
  /** As imported. */
  readonly name: string
  /** As installed by pip, with the versions this release is known to work with. */
  readonly requirement: string
  readonly versionMin: readonly [number, number]
}

export const pythonVersionMin = [3, 10] as const

export const workerModules: readonly PythonModule[] = [
  { name: 'torch', requirement: 'torch>=2.1,<3', versionMin: [2, 1] },
  { name: 'numpy', requirement: 'numpy>=1.24,<3', versionMin: [1, 24] },
  { name: 'grpc', requirement: 'grpcio>=1.60,<2', versionMin: [1, 60] },
  { name: 'google.protobuf', requirement: 'protobuf>=4.22,<8', versionMin: [4, 22] },
]

export const testModules: readonly PythonModule[] = [
  ...workerModules,
  { name: 'pytest', requirement: 'pytest>=8,<10', versionMin: [8, 0] },
]

export type PythonFinding = {
  /** Null when the interpreter does not run. */
  readonly version: string | null
  readonly modules: Readonly<Record<string, string>>
  /** What is missing or too old, one sentence each; empty when all is well. */
  readonly problems: readonly string[]
}

// Imports for real: a module whose file exists may still fail to load.
const probe = `
import importlib, json, sys
found = {"version": ".".join(map(str, sys.version_info[:3])), "modules": {}, "failures": {}}
for name in sys.argv[1:]:
    try:
        found["modules"][name] = str(importlib.import_module(name).__version__)
    except BaseException as error:
        found["failures"][name] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
`

export async function checkPython(
  python: string,
  modules: readonly PythonModule[],
  environment: Environment,
  signal: AbortSignal,
): Promise<PythonFinding> {
  const names = modules.map(({ name }) => name)
  const result = await runChild(python, ['-c', probe, ...names], { environment, signal })
  const found = result.status === 0 ? parseFinding(result.stdout) : null
  if (found === null) {
    const why = result.tail.split('\n').at(-1) ?? ''
    return { version: null, modules: {}, problems: [`${python} does not run${why === '' ? '' : `: ${why}`}`] }
  }
  return { version: found.version, modules: found.modules, problems: problemsOf(found, modules) }
}

type Probe = {
  readonly version: string
  readonly modules: Readonly<Record<string, string>>
  readonly failures: Readonly<Record<string, string>>
}

function parseFinding(stdout: string): Probe | null {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Probe
  } catch {
    return null
  }
}

export function problemsOf(found: Probe, modules: readonly PythonModule[]): string[] {
  const problems: string[] = []
  if (isOlder(found.version, pythonVersionMin)) {
    problems.push(`Python ${found.version} is too old; ${pythonVersionMin.join('.')} or newer is needed`)
  }
  for (const { name, requirement, versionMin } of modules) {
    const version = found.modules[name]
    if (version === undefined)
      problems.push(`${name} cannot be imported (${found.failures[name] ?? 'no reason given'})`)
    else if (isOlder(version, versionMin)) problems.push(`${name} ${version} is too old; ${requirement} is needed`)
  }
  return problems
}

function isOlder(version: string, least: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return major < least[0] || (major === least[0] && minor < least[1])
}

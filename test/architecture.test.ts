// The house rules, executed. This table IS the documentation of who may import whom; change it knowingly.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { descriptorSets, generate } from '../proto/generate.ts'

const root = join(import.meta.dirname, '..')

/**
 * What touches files, timers and processes of GPU sharing, and nothing else there does: everything beside them decides, on values alone.
 * A driver holds no policy, so it stays short.
 */
const sharingDrivers = [
  'physical-plane/gpu-sharing/shared-file.ts',
  'physical-plane/gpu-sharing/system-processes.ts',
  'physical-plane/gpu-sharing/device-manager.ts',
  'physical-plane/gpu-sharing/sharing.ts',
  'physical-plane/gpu-sharing/manager-main.ts',
  'physical-plane/gpu-sharing/profiler/measure-in-time.ts',
  'physical-plane/gpu-sharing/profiler/measure-on-device.ts',
  'physical-plane/gpu-sharing/profiler/profile-on-device.ts',
  'physical-plane/gpu-sharing/profiler/main.ts',
  'physical-plane/gpu-sharing/profiler/remembered.ts',
]
const driverLinesMax = 300

/** A room of the house: a folder or file prefix, and the rooms it may import. The first that matches owns a file. */
const rooms: readonly { readonly path: string; readonly imports: readonly string[]; readonly isPure?: boolean }[] = [
  { path: 'runtime/', imports: [] },
  { path: 'proto/generated/', imports: [] },
  // What both planes must understand alike: options and strategies of synchronisation, as data.
  { path: 'proto/sync/', imports: ['proto/generated/', 'runtime/nearest-names.ts'], isPure: true },
  // And what a pipeline is.
  { path: 'proto/pipelines/', imports: ['runtime/assert.ts', 'runtime/errors.ts'], isPure: true },
  // And which parts of one GPU fit side by side: what one plane promises the other must be able to give.
  { path: 'proto/rectangles/', imports: [], isPure: true },
  { path: 'proto/', imports: ['proto/generated/', 'runtime/'] },
  { path: 'regions/', imports: ['runtime/'] },
  { path: 'control-plane/model/', imports: ['regions/', 'proto/sync/', 'proto/pipelines/'], isPure: true },
  {
    path: 'control-plane/scheduler/',
    imports: [
      'control-plane/model/',
      'proto/sync/',
      'proto/pipelines/',
      'proto/rectangles/',
      'proto/policies.ts',
      'runtime/nearest-names.ts',
    ],
    isPure: true,
  },
  { path: 'control-plane/reconciler/', imports: ['control-plane/model/'], isPure: true },
  { path: 'control-plane/cost/', imports: ['control-plane/model/'], isPure: true },
  { path: 'control-plane/store/', imports: ['control-plane/model/', 'control-plane/config.ts', 'runtime/'] },
  {
    path: 'control-plane/wire/',
    imports: ['control-plane/model/', 'control-plane/config.ts', 'proto/', 'regions/', 'runtime/'],
  },
  {
    path: 'control-plane/agents/',
    imports: [
      'control-plane/model/',
      'control-plane/cost/',
      'control-plane/store/',
      'control-plane/wire/',
      'control-plane/config.ts',
      'proto/',
      'regions/',
      'runtime/',
    ],
  },
  {
    path: 'control-plane/api/',
    imports: [
      'control-plane/model/',
      'control-plane/scheduler/',
      'control-plane/cost/',
      'control-plane/store/',
      'control-plane/wire/',
      'control-plane/config.ts',
      'proto/',
      'regions/',
      'runtime/',
    ],
  },
  { path: 'control-plane/config.ts', imports: [] },
  { path: 'control-plane/', imports: ['control-plane/', 'proto/', 'regions/', 'runtime/'] },
  // A driver's test beside it too.
  ...sharingDrivers.map((file) => ({
    path: file.replace(/ts$/, ''),
    imports: ['physical-plane/', 'proto/', 'runtime/'],
  })),
  {
    path: 'physical-plane/gpu-sharing/',
    imports: ['proto/rectangles/', 'runtime/assert.ts', 'runtime/errors.ts'],
    isPure: true,
  },
  { path: 'physical-plane/serving/scaling/', imports: ['runtime/assert.ts', 'runtime/errors.ts'], isPure: true },
  { path: 'physical-plane/serving/replay/main.ts', imports: ['physical-plane/serving/', 'runtime/'] },
  {
    path: 'physical-plane/serving/replay/',
    imports: [
      'physical-plane/serving/scaling/',
      'proto/pipelines/',
      'runtime/assert.ts',
      'runtime/errors.ts',
      'runtime/random.ts',
    ],
    isPure: true,
  },
  // What decides on pipelines is pure; what sends their tensors is not.
  { path: 'physical-plane/serving/pipelines/execution/', imports: ['physical-plane/', 'proto/', 'runtime/'] },
  {
    path: 'physical-plane/serving/pipelines/',
    imports: ['physical-plane/serving/scaling/', 'proto/pipelines/', 'runtime/assert.ts', 'runtime/errors.ts'],
    isPure: true,
  },
  { path: 'physical-plane/', imports: ['physical-plane/', 'proto/', 'runtime/'] },
  {
    path: 'cli/',
    imports: [
      'cli/',
      'proto/',
      'regions/',
      'runtime/',
      'physical-plane/runtime/bundle.ts',
      // What the profiler, which the command line starts, has left in its folder.
      'physical-plane/gpu-sharing/profiler/remembered.ts',
      // Which policies an agent may be told to place shares by.
      'physical-plane/gpu-sharing/placement/placement-names.ts',
      // Planning without a control plane: a pure function of its arguments.
      'control-plane/plan-offline.ts',
      // What the simulators' processes are asked and answer.
      'control-plane/simulation/simulation-report.ts',
      'physical-plane/serving/replay/replay-report.ts',
      // A plan on paper, pure.
      'physical-plane/serving/plan-slices.ts',
    ],
  },
  { path: 'examples/', imports: [] },
  {
    path: 'test/',
    imports: ['test/', 'bench/', 'cli/', 'control-plane/', 'physical-plane/', 'proto/', 'regions/', 'runtime/'],
  },
  {
    path: 'bench/',
    // The fake GPU is what benchmarks of sharing run on where there is no real one.
    imports: [
      'bench/',
      'cli/',
      'control-plane/',
      'physical-plane/',
      'proto/',
      'regions/',
      'runtime/',
      'test/fake-gpu/',
    ],
  },
]

const sources = listFiles(root).filter((file) => file.endsWith('.ts'))
const isTest = (file: string): boolean => file.endsWith('.test.ts')

describe('who may import whom', () => {
  test('every source file lives in a room', () => {
    const homeless = sources.filter((file) => file.includes('/') && roomOf(file) === undefined)
    expect(homeless).toEqual([])
  })

  test('imports stay inside the open borders', () => {
    const crossings = sources.flatMap((file) => {
      const room = roomOf(file)
      if (room === undefined) return []
      return importsOf(file)
        .filter((target) => !target.startsWith(room.path) && !mayImport(file, room.imports, target))
        .map((target) => `${file} imports ${target}`)
    })
    expect(crossings).toEqual([])
  })

  test('a folder is entered with #folder/, a neighbour with ./', () => {
    const wrong = sources
      .filter((file) => !isTest(file))
      .flatMap((file) =>
        specifiersOf(file)
          .filter((specifier) => {
            if (specifier.startsWith('..')) return topFolder(resolve(file, specifier)) !== topFolder(file)
            return specifier.startsWith('#') && specifier.slice(1).startsWith(`${dirname(file)}/`)
          })
          .map((specifier) => `${file}: ${specifier}`),
      )
    expect(wrong).toEqual([])
  })

  test('every import names an existing file', () => {
    const missing = sources.flatMap((file) =>
      importsOf(file)
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${file} imports ${target}`),
    )
    expect(missing).toEqual([])
  })
})

describe('purity', () => {
  const pureFiles = sources.filter(
    (file) => roomOf(file)?.isPure === true && !isTest(file) && !file.endsWith('.fixture.ts'),
  )

  test('the deciding folders import no package but each other', () => {
    const impure = pureFiles.flatMap((file) =>
      specifiersOf(file)
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('#'))
        .map((specifier) => `${file} imports ${specifier}`),
    )
    expect(impure).toEqual([])
  })

  test('no clock, chance or IO by another name', () => {
    const forbidden = /\b(Date\.now|new Date\(\)|Math\.random|performance\.|process\.|setTimeout|setInterval|fetch\()/
    expect(pureFiles.filter((file) => forbidden.test(withoutComments(file)))).toEqual([])
  })

  test('policies of GPU sharing know no driver, and drivers are thin', () => {
    const known = pureFiles.flatMap((file) =>
      importsOf(file)
        .filter((target) => sharingDrivers.includes(target))
        .map((target) => `${file} imports ${target}`),
    )
    expect(known).toEqual([])
    const thick = sharingDrivers
      .filter((file) => sources.includes(file))
      .map((file) => `${file}: ${read(file).split('\n').length} lines`)
      .filter((line) => Number(/(\d+) lines$/.exec(line)![1]) > driverLinesMax)
    expect(thick).toEqual([])
  })

  test('only runtime and main files read the real clock or chance', () => {
    const forbidden = /\b(Date\.now\(|performance\.now\(|Math\.random\(|systemClock\(|systemRandom\()/
    const mayUse = (file: string): boolean =>
      isTest(file) || /^(runtime|bench|test|cli)\//.test(file) || /(^|[/-])main\.ts$/.test(file)
    expect(sources.filter((file) => !mayUse(file) && forbidden.test(withoutComments(file)))).toEqual([])
  })
})

describe('shape', () => {
  test('no default export, enum or barrel', () => {
    const wrong = sources.filter(
      (file) =>
        !file.endsWith('.config.ts') && /^export default|^(export )?(const )?enum |^export \* from/m.test(read(file)),
    )
    expect(wrong).toEqual([])
  })

  test('a file above 400 lines says why', () => {
    const long = listFiles(root)
      .filter((file) => /\.(ts|py|c|h|wat)$/.test(file) && !file.startsWith('proto/generated/'))
      .filter((file) => read(file).split('\n').length > 400 && !/more than 400 lines/i.test(read(file).slice(0, 800)))
    expect(long).toEqual([])
  })

  test('names are kebab-case', () => {
    const named = sources.filter((file) => !file.startsWith('proto/generated/'))
    expect(named.filter((file) => !/^[a-z0-9./-]+$/.test(file))).toEqual([])
  })
})

describe('documents', () => {
  test("ARCHITECTURE's map matches the tree", () => {
    const map = /```\n(runtime\/[\s\S]*?)```/.exec(read('ARCHITECTURE.md'))?.[1] ?? ''
    const named = [...map.matchAll(/^([a-z-]+)\/ /gm)].map((match) => match[1]!).sort()
    const folders = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && tracked(`${entry.name}/`).length > 0)
      .map((entry) => entry.name)
      .sort()
    expect(named).toEqual(folders)
    const inner = [...map.matchAll(/^ {2}([a-z-]+)\/ /gm)].map((match) => match[1]!)
    for (const plane of ['control-plane', 'physical-plane']) {
      const inPlane = tracked(`${plane}/`).flatMap((file) => (file.split('/').length > 2 ? [file.split('/')[1]!] : []))
      for (const room of new Set(inPlane)) expect(inner, `${plane}/${room} in the map`).toContain(room)
    }
  })

  test('links between the documents lead somewhere', () => {
    const dead = tracked('')
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) =>
        [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
          .map((match) => join(dirname(file), match[1]!))
          .filter((target) => !existsSync(join(root, target)))
          .map((target) => `${file} -> ${target}`),
      )
    expect(dead).toEqual([])
  })
})

describe('generated code', () => {
  test('is what npm run generate makes now', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'cloudless-generate-'))
    try {
      generate(join(scratch, 'types'), join(scratch, 'package'))
      const types = listFiles(join(scratch, 'types'))
      expect(types).toEqual(listFiles(join(root, 'proto/generated')))
      for (const file of types) {
        expect(readFileSync(join(scratch, 'types', file), 'utf8'), file).toBe(read(join('proto/generated', file)))
      }
      for (const file of Object.keys(descriptorSets)) {
        const made = readFileSync(join(scratch, 'package', file))
        expect(made.equals(readFileSync(join(root, 'physical-plane/worker/cloudless', file))), file).toBe(true)
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true })
    }
  })
})

function roomOf(file: string): (typeof rooms)[number] | undefined {
  return rooms.find((room) => file.startsWith(room.path))
}

function mayImport(file: string, open: readonly string[], target: string): boolean {
  if (open.some((path) => target.startsWith(path))) return true
  // Unit tests, and what is written for them, may use the builders of test/, every runtime part and the contract as it is
  // loaded, whatever the room.
  return (
    /\.(test|fixture)\.ts$/.test(file) &&
    ['test/', 'runtime/', 'regions/', 'proto/rpc/load.ts'].some((path) => target.startsWith(path))
  )
}

function importsOf(file: string): string[] {
  return specifiersOf(file)
    .filter((specifier) => specifier.startsWith('.') || specifier.startsWith('#'))
    .map((specifier) => resolve(file, specifier))
}

function specifiersOf(file: string): string[] {
  const text = withoutComments(file)
  const patterns = [
    /(?:^|\n)(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"\n]+)['"]/g,
    /(?:^|\n)import\s*['"]([^'"\n]+)['"]/g,
    /\bimport\(\s*['"]([^'"\n]+)['"]/g,
  ]
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!))
}

function resolve(file: string, specifier: string): string {
  if (specifier.startsWith('#')) return specifier.slice(1)
  return join(dirname(file), specifier).split(sep).join('/')
}

function topFolder(file: string): string {
  return file.split('/')[0]!
}

function withoutComments(file: string): string {
  return read(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function tracked(prefix: string): string[] {
  return listFiles(root).filter((file) => file.startsWith(prefix))
}

/** Files that git tracks or would track, relative to `folder`; a plain walk outside a checkout. */
function listFiles(folder: string): string[] {
  if (folder === root && existsSync(join(root, '.git'))) {
    const out = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root })
    return out
      .toString()
      .split('\n')
      .filter((file) => file !== '' && existsSync(join(root, file)))
      .sort()
  }
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !file.includes('node_modules/'))
    .sort()
}

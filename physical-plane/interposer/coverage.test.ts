// NVIDIA's real runtime, on a driver that writes down what it is asked for: each entry point must be one that is hooked, in that
// version, or stand in left-alone.txt. It can not run on such a driver, only ask; that it does before it gives up.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasCompiler, InterposerBench, withoutCompiler } from './interposer.fixture.ts'

/** Of CUDA 13 or later, where its toolkit is installed. */
const runtime = runtimeLibrary()
const here = import.meta.dirname
const why = !hasCompiler ? ` (${withoutCompiler})` : ' (skipped: there is no /usr/local/cuda-*/lib*/libcudart.so.13)'

describe.skipIf(!hasCompiler || runtime === null)(
  `entry points that the CUDA runtime asks for${hasCompiler && runtime !== null ? '' : why}`,
  () => {
    let bench: InterposerBench
    let asked: readonly string[] = []

    beforeAll(async () => {
      bench = await InterposerBench.open()
      asked = questions(bench, { LD_PRELOAD: '' })
    })
    afterAll(() => bench.close())

    test('each is hooked or left alone for a reason', () => {
      expect(asked.length).toBeGreaterThan(400)
      const leftAlone = leftAloneQuestions()
      const hooked = hookedQuestions()
      expect(asked.filter((question) => !leftAlone.has(question) && !hooked.has(question))).toEqual([])
      // A reason for what is hooked would be a lie.
      expect([...leftAlone].filter((question) => hooked.has(question))).toEqual([])
    })

    test('what decides about launches, graphs, memory and synchronisation is hooked', () => {
      const hooked = hookedQuestions()
      const deciding =
        /^cu(Launch\w*Kernel\w*|GraphLaunch|GraphInstantiate\w*|GraphExec(Update|Destroy)|MemAlloc\w*|MemFree(Async)?|(Ctx|Stream|Event)Synchronize|Stream(Begin|End)Capture\w*|GetProcAddress) /
      const questionsOfThem = asked.filter((question) => deciding.test(question))
      expect(questionsOfThem.length).toBeGreaterThan(30)
      expect(questionsOfThem.filter((question) => !hooked.has(question))).toEqual([])
    })

    test('behind the interposer it asks for all of that too, and is answered', () => {
      const gpu = bench.gpu('coverage')
      const behind = questions(bench, { CLOUDLESS_GPU_FILES: gpu.path, LD_PRELOAD: bench.library })
      expect(asked.filter((question) => !behind.includes(question))).toEqual([])
    })
  },
)

/** As "name version flags". Behind the interposer its own questions are among them. */
function questions(bench: InterposerBench, more: NodeJS.ProcessEnv): readonly string[] {
  const log = join(bench.folder, `asked-${Object.keys(more).length}`)
  const program = join(bench.folder, 'runtime-client')
  writeFileSync(`${program}.c`, 'int cudaFree(void *); int main(void) { return cudaFree(0) == 0; }')
  const built = spawnSync('cc', [`${program}.c`, '-o', program, runtime!, `-Wl,-rpath,${dirname(runtime!)}`])
  expect(built.status).toBe(0)
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: bench.folder,
    LOGGING_CUDA_KNOWS_ALL: '1',
    LOGGING_CUDA_LOG: log,
    ...more,
  }
  spawnSync(program, { env, timeout: 30_000 })
  return readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => /^\? (\w+ \d+ \d+)$/.exec(line)?.[1] ?? [])
}

function leftAloneQuestions(): ReadonlySet<string> {
  const lines = readFileSync(join(here, 'left-alone.txt'), 'utf8').split('\n')
  return new Set(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .flatMap((line) => {
        const [name, ...versions] = line.split(' ')
        return versions.map((version) => `${name} ${version.replace('/', ' ')}`)
      }),
  )
}

/** A name without a variant for the per-thread default stream is asked for without flag 2. */
function hookedQuestions(): ReadonlySet<string> {
  const rows = readFileSync(join(here, 'entry-points.h'), 'utf8').matchAll(/HOOK\(\w+, "(\w+)", (\d+), ([01]),/g)
  return new Set([...rows].map(([, name, since, perThread]) => `${name} ${since} ${perThread === '1' ? 2 : 0}`))
}

function runtimeLibrary(): string | null {
  if (!existsSync('/usr/local')) return null
  const toolkits = readdirSync('/usr/local').filter((name) => name.startsWith('cuda-'))
  const candidates = toolkits.flatMap((name) =>
    ['lib', 'lib64'].map((lib) => `/usr/local/${name}/${lib}/libcudart.so.13`),
  )
  return candidates.find((path) => existsSync(path)) ?? null
}

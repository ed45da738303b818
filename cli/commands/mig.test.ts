// `cloudless mig` as people use it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'
import { runProgram } from '../program.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-mig-'))
  const points = [1, 2, 3, 4, 7].map(
    (size) => `  - { device_model: nvidia-a100, sm: 0.${Math.floor((999 * size) / 7)}, latency_ms: ${14 / size} }`,
  )
  for (const name of ['classify', 'describe'])
    writeFileSync(
      join(folder, `${name}.yaml`),
      `name: ${name}\nhandler: model:M\nslo: { latency_ms: 30 }\nprofile:\n${points.join('\n')}\n`,
    )
  writeFileSync(join(folder, 'bare.yaml'), 'name: bare\nhandler: model:M\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function mig(...given: string[]): Promise<{ code: number; stdout: string }> {
  let stdout = ''
  const code = await runProgram({
    arguments: ['mig', ...given],
    stdout: { write: (data) => void (stdout += Buffer.from(data).toString('utf8')) },
    stderr: { write: () => {} },
    environment: { CLOUDLESS_HOME: folder },
    clock: systemClock(),
    random: seededRandom(1),
    signal: new AbortController().signal,
    version: '0',
  })
  return { code, stdout }
}

const file = (name: string): string => join(folder, `${name}.yaml`)

test('says which slices to cut on which GPU, for people and as JSON', async () => {
  const given = [file('classify'), file('describe'), '--rate', 'classify=200', '--rate', 'describe=250']
  const { code, stdout } = await mig(...given)
  expect(code).toBe(0)
  expect(stdout).toMatch(/GPU +SLICE +SLOT +FUNCTION +BATCH +REQUESTS\/S +MS/)
  expect(stdout).toContain('1 GPU; fewer can not carry them')
  expect(stdout).toMatch(/nvidia-smi mig -i 0 -cgi (\dg\.\d+gb:\d,?)+ -C\n/)
  const json = JSON.parse((await mig(...given, '--json')).stdout) as {
    readonly gpus: readonly (readonly { readonly function: string; readonly rate_per_second: number }[])[]
  }
  expect(json).toMatchObject({ device_model: 'nvidia-a100', kind: 'planned', is_fewest: true })
  for (const [name, least] of [
    ['classify', 200],
    ['describe', 250],
  ] as const) {
    const own = json.gpus.flat().filter((slice) => slice.function === name)
    expect(own.reduce((sum, slice) => sum + slice.rate_per_second, 0)).toBeGreaterThanOrEqual(least)
  }
})

test('what can not be carried is a plain answer and exit code 1', async () => {
  const { code, stdout } = await mig(file('classify'), '--rate', 'classify=9000', '--gpus', '2')
  expect([code, stdout]).toEqual([1, 'no plan: 1 models need more than 2 GPUs\n'])
})

test.each([
  [['classify'], ['--rate', 'describe=1'], ['is missing for classify', 'describe is none of the functions classify']],
  [['bare'], ['--rate', 'bare=1'], ['is missing; a plan needs', 'has no point of nvidia-a100']],
  [['classify', 'classify'], ['--rate', 'classify=1'], ['two have the same name']],
  [['classify'], ['--rate', 'classify'], ["must be a function's name and requests per second"]],
  [['classify'], ['--rate', 'classify=0'], ["must be a function's name and requests per second"]],
  [['classify'], ['--rate', 'classify=1', '--gpus', '65'], ['is no whole number from 1 to 64']],
  [['classify'], ['--rate', 'classify=1', '--device', 'cpu'], ['"cpu" is none of nvidia-a10']],
])('%j with %j is refused', async (names, options, texts) => {
  const { code, stdout } = await mig(...names.map(file), ...options, '--json')
  expect(code).toBe(2)
  for (const text of texts) expect(stdout).toContain(JSON.stringify(text).slice(1, -1))
})

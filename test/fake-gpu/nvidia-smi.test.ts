import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { failFakeGpu, makeFakeGpu } from './fake-gpu.ts'

const folder = mkdtempSync(join(tmpdir(), 'cl-fake-smi-'))
const gpus = [0, 1].map((index) =>
  makeFakeGpu(join(folder, `${index}.gpu`), { name: 'NVIDIA H100 80GB HBM3', memoryBytes: (index + 1) * 1024 ** 3 }),
)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function ask(args: readonly string[], variant = ''): { readonly text: string; readonly code: number | null } {
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
  const FAKE_GPU_FILE = gpus.map((gpu) => gpu.path).join(':')
  const env = { ...process.env, PATH: path, FAKE_GPU_FILE, FAKE_NVIDIA_SMI: variant }
  const { stdout, status } = spawnSync(join(import.meta.dirname, 'nvidia-smi'), args, { env, encoding: 'utf8' })
  return { text: stdout, code: status }
}

test('lists the fake devices as XML and as CSV', () => {
  const { text, code } = ask(['-q', '-x'])
  expect(code).toBe(0)
  for (const gpu of gpus) expect(text).toContain(`<uuid>${gpu.uuid}</uuid>`)
  expect(text).toContain('<total>2048 MiB</total>')
  expect(text).toContain('<current_mig>Disabled</current_mig>')
  const csv = ask(['--query-gpu=uuid,name,memory.total', '--format=csv,noheader,nounits'])
  expect(csv.text).toBe(
    `${gpus[0]!.uuid}, NVIDIA H100 80GB HBM3, 1024\n${gpus[1]!.uuid}, NVIDIA H100 80GB HBM3, 2048\n`,
  )
})

test('fails as the tool fails', () => {
  expect(ask(['-q', '-x'], 'driver-failed')).toMatchObject({ code: 9 })
  expect(ask(['-q', '-x'], 'lost').text).toContain('GPU is lost')
  expect(ask(['-q', '-x'], 'mig').text).toContain('<gpu_instance_id>2</gpu_instance_id>')
  failFakeGpu(gpus[1]!.path, 999)
  expect(ask(['-q', '-x'])).toMatchObject({ code: 15 })
  failFakeGpu(gpus[1]!.path, 0)
})

test('a device whose file is gone is not listed', () => {
  rmSync(gpus[0]!.path)
  const { text } = ask(['-q', '-x'])
  expect(text).not.toContain(gpus[0]!.uuid)
  expect(text).toContain('<attached_gpus>1</attached_gpus>')
})

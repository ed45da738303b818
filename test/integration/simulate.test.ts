// `cloudless simulate` as people start it: a process of its own that answers with a report, the same one every time.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const cli = join(import.meta.dirname, '../../cli/main.ts')
let folder = ''

const scenario = `name: small
length: 3h
regions: [aws/us-east-1, aws/eu-west-1]
policies: [least-cost, use-everything]
capacity:
  - { regions: ["*"], device: nvidia-t4, units: 8 }
arrivals: { kind: poisson, jobs: 6 }
jobs:
  - { name: digits, samples_per_second: { nvidia-t4: 100 }, data_regions: [1, 2], device_hours: [1, 4] }
`

const files = `name: files
length: 3h
regions: [aws/us-east-1]
capacity:
  - { regions: ["*"], device: nvidia-t4, units: 8 }
arrivals: { kind: files, files: [{ file: job.yaml, jobs: 3, every: 20m, model: 10MB }] }
`

const job = `name: digits
function: { folder: ., entrypoint: train.py }
data: { shards: [{ region: aws/us-east-1, uri: "file:///data/digits", samples: 360000 }] }
resources: { samples_per_second: { nvidia-t4: 100 }, workers_max_per_region: 4 }
`

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloudless-simulate-'))
  writeFileSync(join(folder, 'small.yaml'), scenario)
  writeFileSync(join(folder, 'job.yaml'), job)
  writeFileSync(join(folder, 'files.yaml'), files)
  writeFileSync(join(folder, 'wrong.yaml'), scenario.replace('units: 8', 'units: -8'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('cloudless simulate', () => {
  test('gives the same JSON for the same seed, and another one for another seed', async () => {
    const [first, again, other] = await Promise.all([
      simulate('--json', 'simulate', 'small.yaml'),
      simulate('--json', 'simulate', 'small.yaml'),
      simulate('--json', 'simulate', 'small.yaml', '--seed', '2'),
    ])
    expect(first.code).toBe(0)
    expect(again.stdout).toBe(first.stdout)
    const report = JSON.parse(first.stdout) as { seed: number; runs: { jobs: { by_state: object } }[] }
    expect(report.seed).toBe(1)
    expect(report.runs.map(({ jobs }) => jobs.by_state)).toEqual([{ succeeded: 6 }, { succeeded: 6 }])
    expect(JSON.parse(other.stdout)).toMatchObject({ seed: 2 })
    expect(other.stdout).not.toBe(first.stdout)
  })

  test('takes job files as a submit does', async () => {
    const { code, stdout, stderr } = await simulate('--json', 'simulate', 'files.yaml')
    expect(stderr).not.toContain('error')
    expect(code).toBe(0)
    const report = JSON.parse(stdout) as { runs: { jobs: { by_state: object } }[] }
    expect(report.runs[0]!.jobs.by_state).toEqual({ succeeded: 3 })
    writeFileSync(join(folder, 'job.yaml'), job.replace('samples: 360000', 'samples: 0'))
    const wrong = await simulate('simulate', 'files.yaml')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toMatch(/data\.shards\[0\]\.samples.*must be at least 1/)
    writeFileSync(join(folder, 'job.yaml'), job)
  })

  test('writes a page', async () => {
    const { code } = await simulate('simulate', 'small.yaml', '--html', 'page.html')
    expect(code).toBe(0)
    expect(readFileSync(join(folder, 'page.html'), 'utf8')).toContain('<title>Simulation of small</title>')
  })

  test('refuses a wrong scenario with field, line and fix, and one that is not there', async () => {
    const wrong = await simulate('simulate', 'wrong.yaml')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toMatch(/capacity\[0\]\.units.*\(line 6\)/)
    const absent = await simulate('simulate', 'absent.yaml')
    expect(absent.code).toBe(2)
    expect(absent.stderr).toContain('absent.yaml')
    const seed = await simulate('simulate', 'small.yaml', '--seed', 'x')
    expect(seed.code).toBe(2)
  })
})

function simulate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

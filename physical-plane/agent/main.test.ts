import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const flags = ['--control-plane', '127.0.0.1:1', '--region', 'onprem/lab', '--state', join(tmpdir(), 'never-made')]

function agent(...args: readonly string[]): {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
} {
  const script = join(import.meta.dirname, 'main.ts')
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', timeout: 20_000 })
}

describe('the agent refuses', () => {
  test.each([
    [['--bind-host', '0.0.0.0', ...flags], /--bind-host: 0\.0\.0\.0 is not loopback; add --allow-remote/],
    [['--region', 'onprem/lab'], /--control-plane: is missing, for example 127\.0\.0\.1:7443/],
    [[...flags, '--log-level', 'loud'], /--log-level: loud must be debug, info/],
    [[...flags, '--object-store', 's3://bucket'], /--object-store: "s3:\/\/bucket" has scheme s3:\/\/ where file:\/\//],
    [[...flags, '--market', 'cheap'], /--market: cheap must be on-demand or spot/],
    [[...flags, '--gpu-sharing', 'on'], /--gpu-sharing: on must be auto or off/],
    [[...flags, '--mps', 'yes'], /--mps: yes must be auto or off/],
    [[...flags, '--time-sharing', 'auto'], /--time-sharing: auto must be tokens or reflexes/],
    [[...flags, '--placement', 'tetris'], /--placement: tetris must be one of placement, complementary, rectangles,/],
    [[...flags, '--zone', 'a b'], /--zone: "a b" must be letters, digits/],
    [[...flags, '--cloud-metadata', 'gcp'], /--cloud-metadata: "gcp" must be aws or tencent/],
    [[...flags, '--colour', 'red'], /Unknown option '--colour'/],
  ])('%j with exit code 2', (args, message) => {
    const { status, stderr } = agent(...args)
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
  })
})

test('--help names every flag and starts nothing', () => {
  const { status, stdout } = agent('--help')
  expect(status).toBe(0)
  const source = readFileSync(join(import.meta.dirname, 'flags.ts'), 'utf8')
  const flagsTaken = [...source.matchAll(/^ {6}'?(?<flag>[a-z-]+)'?: \{ type: /gm)].map(({ groups }) => groups!['flag'])
  expect(flagsTaken.length).toBeGreaterThan(10)
  for (const flag of flagsTaken.filter((name) => name !== 'help')) expect(stdout).toContain(`--${flag}`)
})

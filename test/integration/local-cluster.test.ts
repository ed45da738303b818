// `up`, `down` and a crash in between, with real processes: whatever happened, nothing stays behind.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAlive, type ProcessIdentity } from '#cli/local-cluster/process-identity.ts'
import { readClusterState } from '#cli/local-cluster/state-file.ts'
import { present } from '#runtime/assert.ts'

const program = join(import.meta.dirname, '../../cli/main.ts')
const regions = ['onprem/lab', 'aws/us-east-1']
let home: string
let python: string

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'up-'))
  // Shared with the person's own home: a Python is not made for every test.
  const found = spawnSync(process.execPath, [program, 'setup-python', '--json'], { encoding: 'utf8' })
  python = (JSON.parse(found.stdout) as { python: string }).python
})

afterAll(() => {
  cloudless('down')
  rmSync(home, { recursive: true, force: true })
})

describe('a local cluster', () => {
  test("detached, it serves until it is told to stop; a file adds one's own region", () => {
    const rack = join(home, 'rack.yaml')
    const prices = 'prices: [{ deviceModel: cpu, usdPerUnitHour: 0.01 }]'
    const egress = 'egress: [{ from: onprem/rack, to: "*", usdPerGb: 0 }]'
    writeFileSync(rack, `regions: [{ name: onprem/rack, ${prices} }]\n${egress}\n`)
    const own = ['onprem/rack', 'aws/us-east-1']
    const given = ['--regions', own.join(','), '--cpu-units', '1', '--catalogue', rack]
    const up = cloudless('up', '--detach', ...given, '--json')
    expect(up.status, up.stderr).toBe(0)
    const processes = recorded()
    expect(processes).toHaveLength(5)
    const listed = JSON.parse(cloudless('regions', '--json').stdout) as { regions: Record<string, unknown>[] }
    const connected = listed.regions.filter((region) => region['agent_state'] === 'connected')
    expect(new Set(connected.map((region) => region['name']))).toEqual(new Set(own))
    expect(cloudless('up', '--detach').status).toBe(5)
    expect(cloudless('down').status).toBe(0)
    expect(processes.filter(isAlive)).toEqual([])
    expect(left()).toEqual([])
    expect(cloudless('regions').status).toBe(4)
  })

  test('whose owner was killed is cleaned up by the next one, which finds the records of the first', async () => {
    const up = cloudless('up', '--detach', '--regions', regions.join(','), '--cpu-units', '1')
    expect(up.status, up.stderr).toBe(0)
    const earlier = recorded()
    const owner = present(readClusterState(join(home, 'local')), 'state').owner
    process.kill(owner.pid, 'SIGKILL')
    const again = cloudless('up', '--detach', '--regions', regions[0]!, '--cpu-units', '1')
    expect(again.status, again.stderr).toBe(0)
    expect(readFileSync(join(home, 'local/up.log'), 'utf8')).toContain(
      'cleaned up after a local cluster that had crashed',
    )
    expect(earlier.filter(isAlive)).toEqual([])
    expect(cloudless('down').status).toBe(0)
    expect(left()).toEqual([])
  })

  test('in the foreground, an unknown region is refused by name and leaves nothing', async () => {
    const up = cloudless('up', '--regions', 'aws/us-east-11', '--json')
    expect(up.status).toBe(2)
    expect(up.stdout).toContain('did you mean \\"aws/us-east-1\\"?')
    expect(left()).toEqual([])
  })

  test('in the foreground, Ctrl-C ends it well', async () => {
    const child = spawn(process.execPath, [program, 'up', '--regions', regions[0]!, '--cpu-units', '1'], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    expect(left()).toEqual([])
  })
})

/** A command that does not end ends its test, which nothing else could while it runs. */
function cloudless(...given: string[]) {
  return spawnSync(process.execPath, [program, ...given], { env: environment(), encoding: 'utf8', timeout: 120_000 })
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, CLOUDLESS_SERVER: '', CLOUDLESS_HOME: home, CLOUDLESS_PYTHON: python }
}

/** Owner, control plane, relay and agents. */
function recorded(): readonly ProcessIdentity[] {
  const state = present(readClusterState(join(home, 'local')), 'state of the cluster')
  return [state.owner, ...state.processes]
}

/** Command lines of processes that carry this home in their environment. */
function left(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => textOf(`/proc/${pid}/environ`).includes(home))
    .map((pid) => textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' '))
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

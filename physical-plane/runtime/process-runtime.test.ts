import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { isAlive, parseStat, processesOfRun, readStat } from './proc.ts'
import { ProcessRuntime, type ProgramOrder } from './process-runtime.ts'

const clock = systemClock()
let root = ''
let seed = 0
const started: number[] = []
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'processes-'))
})
afterAll(() => {
  for (const pid of started) if (readStat(pid)?.group === pid) process.kill(-pid, 'SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

const aRuntime = (folder: string): ProcessRuntime =>
  new ProcessRuntime({ folder, clock, random: seededRandom(++seed), log: silentLog })

function anOrder(script: string, instanceId = 'j-1/onprem-lab/worker-0', attempt = 1): ProgramOrder {
  return {
    instanceId,
    jobId: 'j-1',
    attempt,
    slices: [{ deviceId: 'cpu-0', deviceModel: 'cpu', units: 1 }],
    program: {
      executable: '/bin/sh',
      arguments: ['-c', script],
      folder: root,
      environment: { PATH: process.env['PATH'] ?? '' },
    },
  }
}

async function logOf(runtime: ProcessRuntime): Promise<string> {
  return Buffer.from(await runtime.readLog('j-1/onprem-lab/worker-0', 0, 65_536)).toString('latin1')
}

/** Waits until the run has printed something, which is its pid. */
async function printedPid(runtime: ProcessRuntime): Promise<number> {
  for (;;) {
    const text = await logOf(runtime)
    if (text.includes('\n')) {
      const pid = Number.parseInt(text, 10)
      started.push(pid)
      return pid
    }
    await clock.sleep(5)
  }
}

describe('ProcessRuntime', () => {
  test('output of both kinds, binary too, is in the log and the code is reported', async () => {
    const runtime = aRuntime(join(root, 'a'))
    const run = await runtime.launch(anOrder(`printf 'out\\000\\377'; printf 'err' >&2; exit 7`))
    expect(await run.exited).toMatchObject({ code: 7, signal: null })
    expect(await logOf(runtime)).toBe('out\0\xFFerr')
    expect(Buffer.from(await runtime.readLog('j-1/onprem-lab/worker-0', 4, 2)).toString('latin1')).toBe('\xFFe')
    expect(await runtime.logBytes('j-1/onprem-lab/worker-0')).toBe(8)
    const second = await runtime.launch(anOrder(`echo again`, undefined, 2))
    expect(await second.exited).toMatchObject({ code: 0, signal: null })
    expect(await logOf(runtime)).toContain('erragain')
    await runtime.forget('j-1/onprem-lab/worker-0')
    expect(await runtime.logBytes('j-1/onprem-lab/worker-0')).toBe(0)
  })

  test('a program that does not exist ends with code 127 and says so', async () => {
    const runtime = aRuntime(join(root, 'b'))
    const order = anOrder('')
    const run = await runtime.launch({ ...order, program: { ...order.program, executable: '/no/such/python' } })
    expect(await run.exited).toMatchObject({ code: 127 })
    expect(await logOf(runtime)).toContain('/no/such/python')
  })

  test('a folder that does not exist is a launch that failed', async () => {
    const runtime = aRuntime(join(root, 'c'))
    const order = anOrder('exit 0')
    await expect(runtime.launch({ ...order, program: { ...order.program, folder: '/no/such' } })).rejects.toThrow(
      /could not be started in \/no\/such/,
    )
  })

  test('stop asks first: a program that handles SIGTERM ends with its own code', async () => {
    const runtime = aRuntime(join(root, 'd'))
    const run = await runtime.launch(anOrder(`trap 'exit 5' TERM; echo $$; while :; do sleep 0.02; done`))
    await printedPid(runtime)
    await runtime.stop(run.instanceId, 60_000)
    expect(await run.exited).toMatchObject({ code: 5, signal: null })
  })

  test('stop kills the whole group when asking does not help, grandchildren too', async () => {
    const runtime = aRuntime(join(root, 'e'))
    const run = await runtime.launch(anOrder(`trap '' TERM; sleep 600 & echo $!; wait`))
    const grandchild = await printedPid(runtime)
    await runtime.stop(run.instanceId, 50)
    expect((await run.exited).signal).toBe('SIGKILL')
    expect(readStat(grandchild)?.isZombie ?? true).toBe(true)
  })

  test('exit waits for what the program left behind, even in another session', async () => {
    const runtime = aRuntime(join(root, 'f'))
    const run = await runtime.launch(anOrder(`setsid sleep 600 & echo $!; exit 3`))
    expect(await run.exited).toMatchObject({ code: 3 })
    const left = Number.parseInt(await logOf(runtime), 10)
    expect(readStat(left)?.isZombie ?? true).toBe(true)
  })

  test('a program killed from outside is reported by its signal', async () => {
    const runtime = aRuntime(join(root, 'g'))
    const run = await runtime.launch(anOrder(`echo $$; exec sleep 600`))
    const pid = await printedPid(runtime)
    process.kill(pid, 'SIGKILL')
    expect(await run.exited).toMatchObject({ code: null, signal: 'SIGKILL' })
    expect(await logOf(runtime)).toBe(`${pid}\n`)
  })

  test('a second runtime adopts a living run and sees how it ends', async () => {
    const folder = join(root, 'h')
    const gate = join(root, 'gate')
    const first = aRuntime(folder)
    const run = await first.launch(anOrder(`echo $$; until test -e ${gate}; do sleep 0.02; done; exit 9`))
    const pid = await printedPid(first)
    const second = aRuntime(folder)
    const [adopted] = await second.recover()
    expect(adopted).toMatchObject({ wasAlive: true, attempt: 1, slices: run.slices, startedAtMs: run.startedAtMs })
    expect(isAlive(pid, readStat(pid)?.startTicks ?? -1)).toBe(true)
    writeFileSync(gate, '')
    expect(await adopted?.exited).toMatchObject({ code: 9 })
  })

  test('a second runtime can stop what it adopted', async () => {
    const folder = join(root, 'i')
    const first = aRuntime(folder)
    await first.launch(anOrder(`sleep 600 & echo $!; wait`))
    const grandchild = await printedPid(first)
    const second = aRuntime(folder)
    const [adopted] = await second.recover()
    await second.stop('j-1/onprem-lab/worker-0', 10_000)
    expect(await adopted?.exited).toMatchObject({ signal: 'SIGTERM' })
    expect(readStat(grandchild)?.isZombie ?? true).toBe(true)
  })

  test('a run that ended while nobody looked is recovered with its code and time', async () => {
    const folder = join(root, 'j')
    const first = aRuntime(folder)
    const run = await first.launch(anOrder(`exit 4`))
    const seen = await run.exited
    const [ended] = await aRuntime(folder).recover()
    expect(ended?.wasAlive).toBe(false)
    const exit = await ended?.exited
    expect(exit?.code).toBe(4)
    expect(exit?.endedAtMs).toBeLessThanOrEqual(seen.endedAtMs + 10)
  })

  test('another process with the recorded pid is neither adopted nor touched', async () => {
    const folder = join(root, 'k')
    const first = aRuntime(folder)
    await (
      await first.launch(anOrder(`exit 0`))
    ).exited
    const bystander = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
    const pid = bystander.pid!
    started.push(pid)
    const path = join(folder, 'j-1+onprem-lab+worker-0', 'run.json')
    const record = JSON.parse(readFileSync(path, 'utf8')) as { process: { pid: number } }
    writeFileSync(path, JSON.stringify({ ...record, process: { ...record.process, pid } }))
    const [ended] = await aRuntime(folder).recover()
    expect(ended?.wasAlive).toBe(false)
    await ended?.exited
    expect(readStat(pid)?.isZombie).toBe(false)
    bystander.kill('SIGKILL')
  })

  test('a crash between record and start: what carries the mark is killed, nothing is adopted', async () => {
    const folder = join(root, 'l')
    const first = aRuntime(folder)
    const run = await first.launch(anOrder(`echo $$; exec sleep 600`))
    await printedPid(first)
    const path = join(folder, 'j-1+onprem-lab+worker-0', 'run.json')
    const record = JSON.parse(readFileSync(path, 'utf8')) as { mark: string }
    writeFileSync(path, JSON.stringify({ ...record, process: null }))
    const [ended] = await aRuntime(folder).recover()
    expect(ended?.wasAlive).toBe(false)
    await ended?.exited
    expect(processesOfRun(record.mark, null)).toEqual([])
    await run.exited
  })

  test('ids that would leave the folder are refused', async () => {
    const runtime = aRuntime(join(root, 'm'))
    for (const id of ['../x', 'a/../../x', '/x', 'a//b', '', '.'])
      await expect(runtime.launch(anOrder('exit 0', id))).rejects.toThrow(/instance\.id/)
  })
})

test('a process name with parentheses, spaces and a line end does not confuse the reader', () => {
  const rest = Array.from({ length: 30 }, (_, index) => String(100 + index)).join(' ')
  expect(parseStat(`42 (a) R\n b) Z 1 77 ${rest}`)).toEqual({ pid: 42, group: 77, startTicks: 116, isZombie: true })
  expect(parseStat('garbage')).toBeNull()
})

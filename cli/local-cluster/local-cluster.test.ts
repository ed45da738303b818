// The parts of a local cluster that hold without starting one.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { present } from '#runtime/assert.ts'
import { systemClock } from '#runtime/clock.ts'
import { withFileLock } from '../file-lock.ts'
import { relayConfig } from './links.ts'
import { identify, isAlive, signalProcess } from './process-identity.ts'
import { readClusterState, removeClusterState, stateFile, writeClusterState } from './state-file.ts'
import { clusterVariable, markedProcesses, stopRecorded } from './stop-recorded.ts'
import { openSupervisor, type Supervisor } from './supervisor.ts'

const clock = systemClock()
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cluster-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the identity of a process', () => {
  test('names one process for good', async () => {
    const child = sleeper()
    const identity = present(identify(child.pid), 'identity')
    expect(isAlive(identity)).toBe(true)
    expect(isAlive({ ...identity, startedAt: 'earlier' })).toBe(false)
    expect(signalProcess({ ...identity, startedAt: 'earlier' }, 'SIGKILL', false)).toBe(false)
    expect(signalProcess(identity, 'SIGKILL', false)).toBe(true)
    await child.ended
    expect(isAlive(identity)).toBe(false)
    expect(signalProcess(identity, 'SIGKILL', false)).toBe(false)
  })
})

describe('the state file', () => {
  test('reads what was written, and nothing where there is none or something else', () => {
    const owner = present(identify(process.pid), 'own identity')
    const state = {
      version: 1 as const,
      address: '127.0.0.1:1',
      regions: ['onprem/lab'],
      owner,
      processes: [{ name: 'control-plane', ...owner }],
    }
    expect(readClusterState(folder)).toBeNull()
    writeClusterState(folder, state)
    expect(readClusterState(folder)).toEqual(state)
    writeFileSync(stateFile(folder), '{"version":2}')
    expect(readClusterState(folder)).toBeNull()
    removeClusterState(folder)
    expect(existsSync(stateFile(folder))).toBe(false)
  })
})

describe('what a crashed cluster left', () => {
  test('is stopped by record and by mark, and a process that took over a recorded id is spared', async () => {
    const marked = `${folder}/crashed`
    const recorded = sleeper()
    const unrecorded = sleeper({ [clusterVariable]: marked })
    const innocent = sleeper()
    const state = {
      version: 1 as const,
      address: '',
      regions: [],
      owner: { pid: innocent.pid, startedAt: 'another process, long ago' },
      processes: [{ name: 'agent-a', ...present(identify(recorded.pid), 'identity') }],
    }
    // A process has its new environment only once it runs its program.
    while (markedProcesses(marked).length === 0 && process.platform === 'linux') await clock.sleep(5)
    const stopped = await stopRecorded(marked, state, clock)
    expect(stopped).toBe(process.platform === 'linux' ? 2 : 1)
    await recorded.ended
    expect(identify(innocent.pid)).not.toBeNull()
    if (process.platform !== 'linux') unrecorded.kill()
    await unrecorded.ended
    innocent.kill()
  })
})

describe('the supervisor', () => {
  const program = (name: string, code: string) => ({ name, argumentsFor: () => ['-e', code] })

  test('waits for readiness, starts a killed process again, and stops all', async () => {
    const notes: string[] = []
    const supervisor = open(notes)
    const ready = await supervisor.start(
      program('a', 'console.log(`{"ready":true,"n":7}`); setInterval(() => {}, 1000)'),
    )
    expect(ready).toEqual({ ready: true, n: 7 })
    const first = supervisor.processes[0]!
    signalProcess(first, 'SIGKILL', false)
    while (supervisor.processes[0] === undefined || supervisor.processes[0].pid === first.pid) await clock.sleep(10)
    expect(notes.join()).toContain('a ended with SIGKILL; starting it again')
    const second = supervisor.processes[0]
    await supervisor.stop()
    expect(isAlive(second)).toBe(false)
    expect(supervisor.processes).toEqual([])
  })

  test.each([
    ['dies', 'console.error("no such disk"); process.exit(3)', /a did not start: a ended with status 3\nno such disk/],
    ['talks', 'console.log("hello"); setInterval(() => {}, 1000)', /printed "hello" instead of being ready/],
  ])('a program that %s at its start is an error with its last words', async (_, code, message) => {
    const supervisor = open([])
    await expect(supervisor.start(program('a', code))).rejects.toThrow(message)
    expect(supervisor.processes).toEqual([])
    await supervisor.stop()
  })

  function open(notes: string[]): Supervisor {
    return openSupervisor({
      folder: mkdtempSync(join(folder, 'supervisor-')),
      environment: process.env,
      clock,
      signal: new AbortController().signal,
      note: (text) => notes.push(text),
      onChange: () => {},
      restartAfterMs: 500,
    })
  }
})

describe('the lock', () => {
  test('is held by one at a time, given back after a failure, and taken over from the dead', async () => {
    const path = join(folder, 'x.lock')
    const waiting: number[] = []
    const options = { clock, signal: new AbortController().signal, onWait: () => waiting.push(1) }
    const gate = Promise.withResolvers<void>()
    const order: string[] = []
    const first = withFileLock(path, options, async () => {
      await gate.promise
      order.push('first')
      throw new Error('broken')
    })
    const second = withFileLock(path, options, async () => order.push('second'))
    while (waiting.length === 0) await clock.sleep(1)
    gate.resolve()
    await expect(first).rejects.toThrow('broken')
    await second
    expect(order).toEqual(['first', 'second'])
    writeFileSync(path, JSON.stringify({ pid: process.pid, startedAt: 'before' }))
    await withFileLock(path, options, async () => order.push('third'))
    writeFileSync(path, 'half a fi')
    await withFileLock(path, options, async () => order.push('fourth'))
    expect(order.slice(2)).toEqual(['third', 'fourth'])
    expect(existsSync(path)).toBe(false)
  })
})

test('links between the chosen regions alone are shaped, faster by the scale, on the ports of before', () => {
  const link = (fromRegion: string, toRegion: string) => ({
    fromRegion,
    toRegion,
    mbitPerSecond: 100,
    roundTripMs: 40,
    egressUsdPerGb: 0,
    egressUsdPerMbitMonth: 0,
    measuredMbitPerSecond: 0,
    measuredRoundTripMs: 0,
  })
  const networks = [
    { region: 'a/a', host: '127.0.0.11' },
    { region: 'b/b', host: '127.0.0.12' },
  ]
  const options = {
    folder: '/c',
    regions: ['a/a', 'b/b'],
    links: [link('a/a', 'b/b'), link('a/a', 'c/c')],
    linkScale: 4,
  }
  expect(relayConfig(options, networks, { 'b/b': 99 })).toEqual({
    controlSocket: '/c/relay.sock',
    regions: [
      { region: 'a/a', host: '127.0.0.11', port: 0 },
      { region: 'b/b', host: '127.0.0.12', port: 99 },
    ],
    links: [{ from: 'a/a', to: 'b/b', mbitPerSecond: 400, roundTripMs: 10 }],
  })
  const shaped = relayConfig({ ...options, linkShape: { mbitPerSecond: 7, roundTripMs: 30 } }, networks, {})
  expect(shaped.links).toEqual([{ from: 'a/a', to: 'b/b', mbitPerSecond: 7, roundTripMs: 30 }])
})

function sleeper(environment: Readonly<Record<string, string>> = {}) {
  const child = spawn('sleep', ['60'], { env: { ...process.env, ...environment }, stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  return { pid: present(child.pid, 'pid'), ended, kill: () => child.kill('SIGKILL') }
}

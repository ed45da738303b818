import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { sharingConfig } from './config.ts'
import { systemProcesses } from './system-processes.ts'
import { FakeProcess } from './fake-process.fixture.ts'
import { environmentOf, type GpuSharing, type SharedInstance } from './gpu-sharing.ts'
import { decodeHeader, headerBytes } from './layout.ts'
import { decodeManagerFile } from './manager-config.ts'
import { openSharing, sharedFilePath } from './sharing.ts'

let folder: string
let clock: VirtualClock
let children: ChildProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-sharing-'))
  clock = new VirtualClock()
  children = []
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

const instance: SharedInstance = {
  instanceId: 'a',
  tag: 7n,
  deviceId: 'GPU-1',
  role: 'confined',
  work: 'training',
  isTokenByToken: false,
  share: { requestMilli: 300, limitMilli: 500, memoryBytes: 0 },
  objective: null,
  latency: null,
}

function open(owner = 'state'): GpuSharing {
  const monotonicNs = (): number => 1e9 + clock.monotonicMs() * 1e6
  const deps = { clock, monotonicNs, processes: systemProcesses, log: silentLog, config: sharingConfig }
  return openSharing({ folder, owner }, deps)
}

describe('the sharing of an agent', () => {
  test("memory that is in nobody's share is not promised again, and who is there may change its share all the same", () => {
    const sharing = open()
    sharing.addDevice({ deviceId: 'GPU-1', memoryBytes: 1_000 })
    const first = { ...instance, share: { ...instance.share, memoryBytes: 400 } }
    sharing.register(first)
    sharing.besideIs('GPU-1', 700)
    sharing.register({ ...first, share: { ...first.share, requestMilli: 500 } })
    const second = { ...first, instanceId: 'b', tag: 8n, share: { ...first.share, memoryBytes: 1 } }
    expect(() => sharing.register(second)).toThrow(
      'share.memoryBytes: instance b on device GPU-1: is 1, but 0 of 1000 bytes are free',
    )
    expect(() => sharing.register({ ...first, share: { ...first.share, memoryBytes: 401 } })).toThrow(
      /is 401, but 300 of/,
    )
    sharing.besideIs('GPU-1', 599)
    sharing.register(second)
    sharing.besideIs('gone', 1)
    expect(sharing.uses().map(({ instanceId, requestMilli }) => [instanceId, requestMilli])).toEqual([
      ['a', 500],
      ['b', 300],
    ])
    sharing.close({ removesFiles: true })
  })

  test('devices are independent, and one that disappears takes its instances with it', async () => {
    const sharing = open()
    const first = sharing.addDevice({ deviceId: 'GPU-1', memoryBytes: 0 })
    const second = sharing.addDevice({ deviceId: 'GPU-2', memoryBytes: 0 })
    expect(sharing.addDevice({ deviceId: 'GPU-1', memoryBytes: 0 })).toEqual(first)
    sharing.register(instance)
    sharing.register({ ...instance, deviceId: 'GPU-2' })
    expect(sharing.uses().map(({ deviceId }) => deviceId)).toEqual(['GPU-1', 'GPU-2'])
    sharing.removeDevice('GPU-1')
    expect(existsSync(first.path)).toBe(false)
    await clock.advance(500)
    expect(sharing.uses().map(({ deviceId }) => deviceId)).toEqual(['GPU-2'])
    expect(() => sharing.register(instance)).toThrow(/device GPU-1 does not exist/)
    sharing.unregister(7n)
    sharing.unregister(7n)
    expect(sharing.uses()).toEqual([])
    sharing.close({ removesFiles: true })
    expect(existsSync(second.path)).toBe(false)
  })

  test('a new agent on the same state finds the files; another agent has others', () => {
    const sharing = open()
    const { path } = sharing.addDevice({ deviceId: 'GPU-1', memoryBytes: 0 })
    sharing.close()
    expect(open().addDevice({ deviceId: 'GPU-1', memoryBytes: 0 }).path).toBe(path)
    expect(sharedFilePath({ folder, owner: 'other' }, 'GPU-1')).not.toBe(path)
  })

  test('instances that say nothing useful are refused by field', () => {
    const sharing = open()
    sharing.addDevice({ deviceId: 'GPU-1', memoryBytes: 0 })
    expect(() => sharing.register({ ...instance, tag: 0n })).toThrow(/tag: instance a: is 0/)
    for (const objective of [
      { latencyMs: 0, percentile: 99 },
      { latencyMs: Number.NaN, percentile: 99 },
      { latencyMs: 5, percentile: 100 },
    ])
      expect(() => sharing.register({ ...instance, objective })).toThrow(/objective/)
    sharing.close({ removesFiles: true })
  })

  test('a process is given files, tag, role and memory', () => {
    expect(
      environmentOf({ paths: ['/dev/shm/a', '/dev/shm/b'], tag: 2n ** 63n, role: 'protected', memoryBytes: 10 }),
    ).toEqual({
      CLOUDLESS_GPU_MEMORY_BYTES: '10',
      CLOUDLESS_GPU_FILES: '/dev/shm/a:/dev/shm/b',
      CLOUDLESS_GPU_TAG: '9223372036854775808',
      CLOUDLESS_GPU_ROLE: 'protected',
    })
  })

  test('a killed process gives its slot back: known by pid and start time', async () => {
    const sharing = open()
    const { path } = sharing.addDevice({ deviceId: 'GPU-1', memoryBytes: 0 })
    sharing.register(instance)
    const child = spawn('sleep', ['60'], { env: { CLOUDLESS_GPU_TAG: '7' } })
    children.push(child)
    await new Promise((resolve) => child.on('spawn', resolve))
    const pid = child.pid!
    const startTicks = systemProcesses.startTicks(pid)! % 2 ** 32
    const client = new FakeProcess(path, 0, { pid, startTicks, tag: 7n, nowNs: 1 })
    await clock.advance(500)
    expect(sharing.uses()[0]!.processes).toBe(1)
    const ended = new Promise((resolve) => child.on('exit', resolve))
    child.kill('SIGKILL')
    await ended
    await clock.advance(200)
    expect(client.claim()).toBe(0n)
    expect(sharing.uses()[0]!.processes).toBe(0)
    client.close()
    sharing.close({ removesFiles: true })
  })
})

describe('a manager of its own', () => {
  const config = {
    device: { device_id: 'GPU-9', memory_bytes: 1000 },
    instances: [
      {
        instance_id: 'serve',
        tag: '5',
        role: 'protected',
        work: 'inference',
        token_by_token: true,
        request_milli: 300,
        limit_milli: 500,
        slo: { latency_ms: 20 },
      },
    ],
  }

  async function start(): Promise<{ child: ChildProcess; lines: AsyncIterator<string>; path: string }> {
    const file = join(folder, 'manager.json')
    writeFileSync(file, JSON.stringify({ ...config, folder }))
    const main = join(import.meta.dirname, 'manager-main.ts')
    const child = spawn(process.execPath, [main, '--config', file], { stdio: ['pipe', 'pipe', 'ignore'] })
    children.push(child)
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const { path } = JSON.parse((await lines.next()).value as string) as { path: string }
    return { child, lines, path }
  }

  test('beats, takes latencies, answers for uses, and leaves nothing at the end of its input', async () => {
    const { child, lines, path } = await start()
    expect(decodeHeader(readFileSync(path).subarray(0, headerBytes)).deviceId).toBe('GPU-9')
    child.stdin!.write('{"tag":"5","latency_ms":12.5,"requests":40}\n{"uses":true}\nnonsense\n')
    const first = JSON.parse((await lines.next()).value as string) as { uses: { sloMs: number; tag: string }[] }
    expect(first.uses[0]).toMatchObject({ tag: '5', sloMs: 20, sloPercentile: 99, limitMilli: 500 })
    expect((await lines.next()).value).toContain('nonsense')
    const ended = new Promise((resolve) => child.on('exit', resolve))
    child.stdin!.end()
    expect(await ended).toBe(0)
    expect(existsSync(path)).toBe(false)
  })

  test('killed, it leaves a heartbeat that grows old: processes then pass', async () => {
    const { child, path } = await start()
    const ended = new Promise((resolve) => child.on('exit', resolve))
    child.kill('SIGKILL')
    await ended
    const beat = (): number => decodeHeader(readFileSync(path).subarray(0, headerBytes)).heartbeatNs
    const last = beat()
    expect(last).toBeGreaterThan(0)
    expect(last).toBeLessThanOrEqual(Number(process.hrtime.bigint()))
    expect(beat()).toBe(last)
  })

  test('what is wrong in its file is told by field, all at once', () => {
    const wrong = { ...config, folder: 3, instances: [{ ...config.instances[0], role: 'boss', tag: 5, extra: 1 }] }
    expect(() => decodeManagerFile(JSON.stringify(wrong))).toThrow(
      /config.folder: is 3; give a text.*tag: is 5; give a decimal number as text.*role: is "boss"; give one of protected, confined.*extra: is unknown/,
    )
    expect(() => decodeManagerFile('{')).toThrow(/is no JSON/)
    expect(() => decodeManagerFile('[]')).toThrow(/give an object/)
    expect(decodeManagerFile(JSON.stringify(config)).instances[0]).toMatchObject({ isTokenByToken: true, tag: 5n })
  })
})

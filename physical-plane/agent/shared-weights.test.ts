import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import type { Device } from './devices.ts'
import { GpuTable, type ShareAsk } from './gpu-table.ts'
import { MachineDevices } from './machine-devices.ts'
import { readSharedWeights, watchWeights, weightsBytes, type SharedWeights } from './shared-weights.ts'

const gib = 2 ** 30
let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'weights-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const copy = (functionId: string, deviceId: string, bytes: number, key = 'k'): SharedWeights => ({
  functionId,
  deviceId,
  key,
  bytes,
})
const aGpu = (id: string): Device => ({
  id,
  model: 'nvidia-t4',
  units: 1,
  memoryBytes: 16 * gib,
  sharing: 'interposer',
})
const ask = (functionId: string, memoryGib: number, requestMilli = 100): ShareAsk => ({
  share: { requestMilli, limitMilli: requestMilli, memoryBytes: memoryGib * gib },
  kind: 'inference',
  functionId,
})

describe('what a folder says of copies of weights on GPUs', () => {
  test('one per GPU and model that has a handle, as large as the model; nothing else there counts', async () => {
    const folder = join(root, 'function')
    mkdirSync(folder)
    const [a, b] = ['a'.repeat(32), 'b'.repeat(32)]
    writeFileSync(join(folder, `${a}.weights`), Buffer.alloc(300))
    for (const name of [
      `${a}.on-GPU-2`,
      `${a}.on-GPU-1`,
      `${a}.on-GPU-1-lock`,
      `${a}.on-GPU-1-holder`,
      `${b}.on-GPU-1`,
    ])
      writeFileSync(join(folder, name), '')
    for (const name of [`${a}.lock`, 'x.on-GPU-1', `${a}.on-GPU-3-new`]) writeFileSync(join(folder, name), '')
    expect(await readSharedWeights('f', folder)).toEqual([copy('f', 'GPU-1', 300, a), copy('f', 'GPU-2', 300, a)])
    expect(await readSharedWeights('f', join(root, 'none'))).toEqual([])
  })

  test('changes are told, once each, until it ends', async () => {
    const clock = new VirtualClock()
    let now: readonly SharedWeights[] = []
    const heard: string[] = []
    const ended = new AbortController()
    const read = (functionId: string): Promise<readonly SharedWeights[]> =>
      Promise.resolve(now.filter((weights) => weights.functionId === functionId))
    const onChange = (weights: readonly SharedWeights[]): void => void heard.push(weights.map((w) => w.bytes).join(' '))
    void watchWeights({ clock, pollMs: 1_000, functions: () => ['f', 'g'], read, onChange }, ended.signal)
    await clock.advance(2_500)
    now = [copy('g', 'a', 2), copy('f', 'a', 1)]
    await clock.advance(2_000)
    now = []
    await clock.advance(2_000)
    ended.abort()
    now = [copy('f', 'a', 1)]
    await clock.advance(5_000)
    expect(heard).toEqual(['1 2', ''])
  })
})

test('copies are counted once per GPU and model, and expected where their function comes', () => {
  const told = [copy('f', 'a', 5), copy('f', 'a', 3, 'other'), copy('g', 'a', 7), copy('g', 'b', 7)]
  expect(weightsBytes(told, 'a', ['f', 'f', 'g'])).toBe(15)
  expect(weightsBytes(told, 'b', ['g', 'f'])).toBe(12)
  expect(weightsBytes(told, 'c', ['h'])).toBe(0)
})

describe('placing beside copies of weights', () => {
  test('an instance beside its function needs its own memory alone, elsewhere that of the weights too, until all are gone', () => {
    const table = new GpuTable([aGpu('a'), aGpu('b')])
    table.takeShares('f-0', 'nvidia-t4', 1, ask('f', 2))
    table.weightsAre([copy('f', 'a', 9 * gib)])
    expect(table.left('a')).toMatchObject({ memoryBytes: 5 * gib })
    expect(table.takeShares('g-0', 'nvidia-t4', 1, ask('g', 6))).toMatchObject([{ deviceId: 'b' }])
    expect(table.takeShares('f-1', 'nvidia-t4', 1, ask('f', 5))).toMatchObject([{ deviceId: 'a' }])
    // 10 GiB are left of b, and 9 of these are for the weights.
    expect(table.takeShares('f-2', 'nvidia-t4', 1, ask('f', 2))).toBeNull()
    expect(table.left('b')).toMatchObject({ memoryBytes: 10 * gib })
    expect(table.takeShares('f-2', 'nvidia-t4', 1, ask('f', 1))).toMatchObject([{ deviceId: 'b' }])
    expect(table.left('b')).toMatchObject({ memoryBytes: 0 })
    // Its holder is up: still once.
    table.weightsAre([copy('f', 'a', 9 * gib), copy('f', 'b', 9 * gib)])
    expect(table.left('b')).toMatchObject({ memoryBytes: 0 })
    table.update([aGpu('a'), aGpu('b'), aGpu('c')])
    expect(table.left('b')).toMatchObject({ memoryBytes: 0 })
    for (const holder of ['f-0', 'f-1']) table.release(holder)
    // The copy goes a moment after the last that used it; nobody has the GPU whole before.
    expect(table.takeWhole('whole', 'nvidia-t4', 2)).toBeNull()
    expect(table.freeWhole('nvidia-t4')).toBe(1)
    table.weightsAre([copy('f', 'b', 9 * gib)])
    expect(table.freeWhole('nvidia-t4')).toBe(2)
    expect(table.takeWhole('whole', 'nvidia-t4', 2)).not.toBeNull()
  })

  test('a killed holder frees nothing while its handle is in use, and a share that runs there is changed all the same', () => {
    const table = new GpuTable([aGpu('a')])
    table.takeShares('f-0', 'nvidia-t4', 1, ask('f', 8))
    table.weightsAre([copy('f', 'a', 12 * gib)])
    expect(table.left('a')).toMatchObject({ memoryBytes: 0 })
    expect(table.reshape('f-0', ask('f', 8, 700))).toMatchObject([{ share: { requestMilli: 700 } }])
    // The next agent finds the run before it has looked at the folder, and the other way round.
    for (const first of ['claim', 'weights']) {
      const next = new GpuTable([aGpu('a')])
      if (first === 'weights') next.weightsAre([copy('f', 'a', 12 * gib)])
      const slices = [{ deviceId: 'a', deviceModel: 'nvidia-t4', units: 1, share: ask('f', 8).share }]
      expect(next.claim('f-0', slices, ask('f', 8))).toBe(true)
      next.weightsAre([copy('f', 'a', 12 * gib)])
      expect(next.takeShares('f-1', 'nvidia-t4', 1, ask('f', 1))).toBeNull()
    }
  })

  test('no history gives memory twice to those who come, nor less than none', () => {
    const step = fc.record({
      act: fc.constantFrom('come', 'come', 'go', 'told'),
      functionId: fc.constantFrom('f', 'g'),
      memoryGib: fc.integer({ min: 1, max: 8 }),
      copies: fc.array(
        fc.record({ functionId: fc.constantFrom('f', 'g'), deviceId: fc.constantFrom('a', 'b'), bytesGib: fc.nat(20) }),
        { maxLength: 3 },
      ),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const table = new GpuTable([aGpu('a'), aGpu('b')])
        const held = new Map<string, { readonly deviceId: string; readonly memoryGib: number }>()
        let told: readonly SharedWeights[] = []
        const [sums, lefts]: [number[], number[]] = [[], []]
        for (const [at, { act, functionId, memoryGib, copies }] of steps.entries()) {
          if (act === 'told') {
            told = copies.map((one, number) => copy(one.functionId, one.deviceId, one.bytesGib * gib, `k-${number}`))
            table.weightsAre(told)
          } else if (act === 'go') {
            const [first] = held.keys()
            if (first !== undefined) table.release(first)
            held.delete(first ?? '')
          } else {
            const [slice] = table.takeShares(`h-${at}`, 'nvidia-t4', 1, ask(functionId, memoryGib)) ?? []
            if (slice === undefined) continue
            held.set(`h-${at}`, { deviceId: slice.deviceId, memoryGib })
            const own = [...held.values()].filter(({ deviceId }) => deviceId === slice.deviceId)
            const beside = told.filter(({ deviceId }) => deviceId === slice.deviceId)
            const bytes = beside.reduce((all, one) => all + one.bytes, 0)
            sums.push(own.reduce((all, one) => all + one.memoryGib * gib, bytes))
          }
          lefts.push(...['a', 'b'].map((id) => table.left(id)!.memoryBytes))
        }
        expect(sums.filter((sum) => sum > 16 * gib)).toEqual([])
        expect(lefts.filter((left) => left < 0)).toEqual([])
      }),
    )
  })
})

test('the control plane is told what lies beside shares', () => {
  const devices = new MachineDevices({ devices: [{ ...aGpu('a'), sharing: 'whole' }, aGpu('b')] })
  devices.weightsAre([copy('f', 'b', 3 * gib)])
  expect(devices.wire().map(({ id, besideBytes }) => [id, besideBytes])).toEqual([
    ['a', 0],
    ['b', 3 * gib],
  ])
  devices.weightsAre([copy('f', 'b', 2 ** 60)])
  expect(devices.wire()[1]).toMatchObject({ besideBytes: 16 * gib })
})

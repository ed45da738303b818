import { assert, double, integer, property, record, string } from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DeviceUse__Output } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import type { ListDevicesResponse } from '#proto/generated/cloudless/v1/ListDevicesResponse.ts'
import { aCall, overTheWire, ScriptedAgent, startRig, type Rig } from './rig.ts'
import { wireConfig } from './wire/config.ts'
import { decodeUses } from './wire/device-use.ts'

let rig: Rig
beforeEach(() => {
  rig = startRig()
})
afterEach(async () => {
  await rig.controlPlane.stop()
  rig.store.close()
})

const gpu = { id: 'GPU-1', model: 't4', units: 1, memoryBytes: 16e9, sharing: 'DEVICE_SHARING_INTERPOSER_MPS' as const }
const devices = [gpu, { id: 'cpu-0', model: 'cpu', units: 2, memoryBytes: 4e9 }]
const use = { deviceId: 'GPU-1', instanceId: 'j-1/a/worker-0', share: { requestMilli: 500, limitMilli: 900 } }
const list = async (...regions: string[]): Promise<NonNullable<ListDevicesResponse['devices']>> =>
  (await rig.regions.listDevices({ regions }, aCall())).devices!

test('devices are listed with what instances make of them now, by instance', async () => {
  const agent = new ScriptedAgent(rig, { devices })
  await rig.clock.advance(100)
  expect(await list('a')).toMatchObject([{ device: { id: 'GPU-1', sharing: gpu.sharing }, uses: [] }, { uses: [] }])
  agent.say({
    observed: {
      uses: [
        { ...use, instanceId: 'j-2' },
        { ...use, usedMilli: 310, quotaMilli: 600 },
      ],
    },
  })
  await rig.clock.advance(1000)
  const [first, second] = await list()
  expect(first).toMatchObject({
    region: 'a',
    device: { id: 'GPU-1', model: 't4' },
    uses: [{ instanceId: 'j-1/a/worker-0', usedMilli: 310, share: { limitMilli: 900 } }, { instanceId: 'j-2' }],
  })
  expect(first!.toldAtMs).toBe(second!.toldAtMs)
  expect(second).toMatchObject({ device: { id: 'cpu-0' }, uses: [] })
  // What is told replaces what was told before.
  agent.say({ observed: {} })
  await rig.clock.advance(1000)
  expect((await list('a'))[0]!.uses).toEqual([])
  expect(await list('b')).toEqual([])
  await expect(list('c')).rejects.toMatchObject({ kind: 'not-found' })
})

test('what lies beside the shares of a GPU comes and goes as its agent tells', async () => {
  const agent = new ScriptedAgent(rig, { devices })
  await rig.clock.advance(100)
  const beside = async () => (await list('a')).map(({ device }) => device?.besideBytes ?? 0)
  expect(await beside()).toEqual([0, 0])
  agent.say({ observed: { devices: [{ ...gpu, besideBytes: 3e9 }, devices[1]!] } })
  await rig.clock.advance(1000)
  expect(await beside()).toEqual([3e9, 0])
  agent.say({ observed: { devices } })
  await rig.clock.advance(1000)
  expect(await beside()).toEqual([0, 0])
})

test('of a lost agent nothing is known', async () => {
  const agent = new ScriptedAgent(rig, { devices })
  agent.say({ observed: { uses: [use] } })
  await rig.clock.advance(100)
  expect((await list('a'))[0]!.uses).toHaveLength(1)
  agent.hangUp()
  await rig.clock.advance(12_000)
  expect((await list('a'))[0]!.uses).toEqual([])
})

test('a use that can not be right is passed over and counted, and its agent stays', async () => {
  const agent = new ScriptedAgent(rig, { devices })
  agent.say({ observed: { uses: [{ ...use, latencyMs: Number.NaN }, { ...use, deviceId: '' }, use] } })
  await rig.clock.advance(100)
  expect((await list('a'))[0]!.uses).toHaveLength(1)
  expect(agent.isOpen).toBe(true)
  expect(await rig.metrics.render()).toContain('cloudless_device_uses_refused_total 2')
})

const received = (fields: object): DeviceUse__Output => overTheWire('DeviceUse', { ...use, ...fields })

test('what is too much is not read', () => {
  const many = Array.from({ length: wireConfig.deviceUsesMax + 3 }, () => received({ reason: 'x'.repeat(10_000) }))
  const { uses, refused, refusal } = decodeUses(many)
  expect([uses.length, refused, refusal]).toEqual([4096, 3, 'observed.uses has 4099 entries; 4096 are read'])
  expect(uses[0]!.reason).toHaveLength(wireConfig.reasonCharactersMax)
})

test('whatever an agent sends, what is kept can be shown', () => {
  const fields = record({
    latencyMs: double(),
    sloMs: double(),
    sloPercentile: double(),
    bubbleSeconds: double(),
    waits: integer(),
    memoryBytes: integer(),
    state: string(),
    reason: string(),
  })
  assert(
    property(fields, (given) => {
      const { uses, refused } = decodeUses([received(given)])
      expect(uses.length + refused).toBe(1)
      for (const { latencyMs, sloMs, sloPercentile, waits, memoryBytes, state } of uses) {
        const figures = [latencyMs, sloMs, sloPercentile, waits, memoryBytes]
        expect(figures.every((value) => Number.isFinite(value) && value >= 0)).toBe(true)
        expect(state.length).toBeLessThanOrEqual(wireConfig.stateCharactersMax)
      }
    }),
  )
})

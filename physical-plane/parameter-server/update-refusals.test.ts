// An update of another region that can not be used is refused by region and tensor, logged once, counted and left out:
// the model is as if it had never been sent, and the ones after it count.
import { describe, expect, test } from 'vitest'
import type { CodecName } from '#proto/sync/settings.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { silentLog, type Log } from '#runtime/log.ts'
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import { memoryCheckpoints } from './checkpoint.ts'
import { aLayout, aPartition, sync } from './partition.fixture.ts'
import { aHeader, aPayload } from './peers/a-peer-side.ts'
import type { Layout } from './replica/layout.ts'
import type { Update, UpdateHeader } from './sync/update.ts'

const never = new AbortController().signal
const both = ['a', 'b'] as const
const layout: Layout = { ...aLayout(2), tensors: [...aLayout(2).tensors, { ...aLayout(2).tensors[0]!, name: 'bias' }] }

function anUpdate(
  seq: number,
  bytes: Uint8Array,
  change: Partial<UpdateHeader> & { readonly codec?: CodecName },
): Update {
  const { codec = 'fp32', ...header } = change
  const payload = { ...aPayload(bytes), codec, elements: 4 }
  return { header: aHeader({ kind: 'gradient', seq, learningRates: [1], payload, ...header }), bytes }
}

function floats(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}

/** Region b, which has the first values 1, 2, 3, 4 from a. */
async function aBegun(given: GivenSync = sync('asgd')) {
  const logged: string[] = []
  const log: Log = { ...silentLog, error: (_fields: unknown, text: string) => void logged.push(text) }
  const checkpoints = memoryCheckpoints()
  const { partition, clock, memory } = await aPartition('b', both, { sync: given, links: { log, checkpoints } })
  await partition.exchange.receive(anUpdate(1, floats(1, 2, 3, 4), { kind: 'initial', layout }), never)
  await clock.advance(1000)
  return { partition, clock, memory, logged, checkpoints }
}

const half = new Uint8Array(8).fill(0)

describe('an update of a peer that can not be used', () => {
  test.each<[string, GivenSync, Update, string, string]>([
    [
      'with NaN in a tensor',
      sync('asgd'),
      anUpdate(2, floats(1, 1, 1, Number.NaN), {}),
      'MALFORMED_ENCODING',
      'update 2 (gradient) of region a is left out: from region a, tensor bias: payload: fp32 at element 3: NaN is not finite',
    ],
    [
      'with infinity in half precision',
      sync('asgd-ga', { codec: 'fp16' }),
      anUpdate(2, new Uint8Array([0, 0, 0, 0x7c, 0, 0, 0, 0]), { codec: 'fp16' }),
      'MALFORMED_ENCODING',
      'from region a, tensor weight: payload: fp16 at element 1: Infinity is not finite',
    ],
    [
      'with a significant change that is no number',
      sync('asp'),
      anUpdate(2, new Uint8Array([1, 0, 2, 0, 0, 0, 0xc0, 0x7f]), { kind: 'significant' }),
      'MALFORMED_ENCODING',
      'tensor bias: payload: significant at element 2',
    ],
    [
      'with fewer bytes than its codec has for so many elements',
      sync('asgd'),
      anUpdate(2, new Uint8Array(12), {}),
      'MALFORMED_ENCODING',
      'from region a: payload: 12 bytes of fp32',
    ],
    [
      'of another layout',
      sync('asgd'),
      anUpdate(2, floats(1, 1), { payload: aPayload(floats(1, 1)) }),
      'LAYOUT_DIFFERS',
      'has 2 elements where the model has 4',
    ],
    [
      'without a payload',
      sync('asgd'),
      { ...anUpdate(2, floats(1, 1, 1, 1), { payload: null }), bytes: null },
      'LAYOUT_DIFFERS',
      'has 0 elements where the model has 4',
    ],
    [
      'in another codec of the same length',
      sync('asgd-ga', { codec: 'fp16' }),
      anUpdate(2, half, { codec: 'bf16' }),
      'STRATEGY_DIFFERS',
      'region a sends bf16 where fp16 or fp32 is exchanged; run one job file',
    ],
    [
      "of another strategy's kind",
      sync('asgd'),
      anUpdate(2, floats(1, 1, 1, 1), { kind: 'mass', mass: 0.5 }),
      'STRATEGY_DIFFERS',
      'sends a mass update where gradient is exchanged',
    ],
    [
      'of gradients where models with a mass are exchanged',
      sync('model-averaging', { mode: 'asynchronous' }),
      anUpdate(2, floats(1, 1, 1, 1), {}),
      'STRATEGY_DIFFERS',
      'sends a gradient update where mass is exchanged',
    ],
    [
      'in between rounds',
      sync('diloco'),
      anUpdate(2, floats(1, 1, 1, 1), {}),
      'STRATEGY_DIFFERS',
      'where regions meet in rounds',
    ],
    [
      'with rates of other parameter groups',
      sync('asgd'),
      anUpdate(2, floats(1, 1, 1, 1), { learningRates: [1, 1] }),
      'STRATEGY_DIFFERS',
      'sends 2 learning rates where the model has 1 parameter groups',
    ],
  ])('%s', async (_, given, update, reason, text) => {
    const { partition, clock, memory, logged, checkpoints } = await aBegun(given)
    const usedBytes = memory.usedBytes
    const { exchange } = partition
    await exchange.receive(update, never)
    expect(Array.from(partition.replica!.values)).toEqual([1, 2, 3, 4])
    // The same wrong again is counted, not told again.
    await exchange.receive({ ...update, header: { ...update.header, seq: 3 } }, never)
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain('region a')
    expect(logged[0]).toContain(text)
    expect(partition.progress().sync!.refused).toEqual({ [`${reason} of a`]: 2 })
    expect(exchange.appliedSeqOf('a')).toBe(3)
    expect(memory.usedBytes).toBe(usedBytes)
    // What was skipped stays skipped after a crash.
    await clock.advance(60_000)
    expect(exchange.durableSeqOf('a')).toBe(3)
    expect((await checkpoints.load())!.state).toMatchObject({ applied: { a: 3 }, refused: { [`${reason} of a`]: 2 } })
  })

  test('is objected to before it is fetched, once the model is known', async () => {
    const { exchange } = (await aPartition('b', both)).partition
    const large = anUpdate(2, floats(1, 1), { payload: aPayload(new Uint8Array(4000)) }).header
    expect(exchange.objection(large)).toBeNull()
    await exchange.receive(anUpdate(1, floats(1, 2, 3, 4), { kind: 'initial', layout }), never)
    expect(exchange.objection(large)).toMatchObject({
      reason: 'LAYOUT_DIFFERS',
      violations: [{ field: 'header.payload.elements', description: expect.stringContaining('1000 elements') }],
    })
    const other = anUpdate(2, half, { codec: 'bf16' }).header
    const violation = { field: 'header.payload.codec', description: expect.stringContaining('run one job file') }
    expect(exchange.objection(other)).toMatchObject({ reason: 'STRATEGY_DIFFERS', violations: [violation] })
    expect(exchange.objection({ ...large, kind: 'initial', region: 'c' })?.reason).toBe('UNEXPECTED_INITIAL')
    expect(exchange.objection(anUpdate(2, floats(1, 1, 1, 1), {}).header)).toBeNull()
  })

  test('and not even read is counted once and left out, and the next one counts', async () => {
    const { partition, logged } = await aBegun()
    const { exchange } = partition
    const why = new CloudlessError('invalid', 'INVALID_FIELD', 'header.mass: NaN must be a finite number')
    await exchange.leaveOut('a', 2, why, never)
    await exchange.leaveOut('a', 2, why, never)
    expect(exchange.appliedSeqOf('a')).toBe(2)
    expect(partition.progress().sync!.refused).toEqual({ 'INVALID_FIELD of a': 1 })
    expect(logged).toEqual([expect.stringContaining('update 2 of region a is left out: header.mass: NaN')])
    await exchange.receive(anUpdate(3, floats(1, 1, 1, 1), {}), never)
    expect(Array.from(partition.replica!.values)).toEqual([0, 1, 2, 3])
  })

  test("is asked for again where it is the root's first: nothing begins without it", async () => {
    const { partition } = await aPartition('b', both)
    const why = new CloudlessError('invalid', 'PAYLOAD_DIFFERS', 'other bytes')
    await expect(partition.exchange.leaveOut('a', 1, why, never)).rejects.toBe(why)
    expect(partition.exchange.appliedSeqOf('a')).toBe(0)
  })

  test('is counted under no more names than the control plane takes', async () => {
    const { partition } = await aBegun()
    for (let i = 0; i < 200; i++) partition.exchange.refused('a', `REASON_${i}`, 'wrong')
    const { refused } = partition.progress().sync!
    expect(Object.keys(refused)).toHaveLength(65)
    expect(refused['others']).toBe(136)
  })

  test('leaves the ones after it as they are', async () => {
    const { partition } = await aBegun()
    await partition.exchange.receive(anUpdate(2, floats(1, Number.NaN, 1, 1), {}), never)
    await partition.exchange.receive(anUpdate(3, floats(1, 1, 1, 1), {}), never)
    expect(Array.from(partition.replica!.values)).toEqual([0, 1, 2, 3])
  })

  test('meant for another region is counted and not looked at', async () => {
    const { partition } = await aBegun(sync('model-averaging', { mode: 'asynchronous' }))
    const update = anUpdate(2, half, { kind: 'mass', targetRegion: 'c', payload: null })
    await partition.exchange.receive({ ...update, bytes: null }, never)
    expect(partition.exchange.appliedSeqOf('a')).toBe(2)
    expect(partition.progress().sync!.refused).toEqual({})
  })
})

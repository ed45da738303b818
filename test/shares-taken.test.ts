// What the control plane promises of GPUs, an agent's table can give: both lay shares by one rule, whoever comes first.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GpuShare } from '#control-plane/model/gpu-share.ts'
import { SharedUnits } from '#control-plane/scheduler/shared-units.ts'
import type { Device } from '#physical-plane/agent/devices.ts'
import { GpuTable, type ShareAsk } from '#physical-plane/agent/gpu-table.ts'

const gib = 2 ** 30
const gpus = (count: number): readonly Device[] =>
  Array.from({ length: count }, (_, i) => {
    return { id: `gpu-${i}`, model: 't4', units: 1, memoryBytes: 16 * gib, sharing: 'interposer' }
  })

const anyShare = fc
  .record({
    requestMilli: fc.integer({ min: 1, max: 20 }),
    more: fc.constantFrom(0, 50, 300),
    sm: fc.integer({ min: 2, max: 20 }),
    memoryBytes: fc.constantFrom(0, gib, 6 * gib),
  })
  .map(({ requestMilli: of20, more, sm, memoryBytes }): GpuShare => {
    const part = sm === 20 ? {} : { smMilli: 50 * sm }
    return { requestMilli: 50 * of20, limitMilli: Math.min(1000, 50 * of20 + more), memoryBytes, ...part }
  })

function ask(share: GpuShare, functionId: string): ShareAsk {
  return { kind: 'inference', functionId, share }
}

test('whatever shares of one GPU are promised, it gives them in whatever order they come, also where some go and come again', () => {
  const shares = fc.array(anyShare, { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(shares, fc.infiniteStream(fc.nat()), (drawn, chance) => {
      const devices = gpus(1)
      const units = new SharedUnits(devices, 1)
      const promised = drawn.flatMap((share, i) => {
        if (units.free(share) === 0) return []
        units.take([{ share, deviceId: 'gpu-0' }])
        return [{ holder: `h-${i}`, share }]
      })
      const table = new GpuTable(devices)
      const waiting = [...promised]
      const here: typeof promised = []
      for (const draw of chance) {
        if (waiting.length === 0) break
        if (draw % 4 === 0 && here.length > 0) {
          const [gone] = here.splice(draw % here.length, 1)
          table.release(gone!.holder)
          waiting.push(gone!)
        }
        const [next] = waiting.splice(draw % waiting.length, 1)
        expect(table.takeShares(next!.holder, 't4', 1, ask(next!.share, 'f'))).not.toBeNull()
        here.push(next!)
      }
    }),
    { numRuns: 200 },
  )
})

test('whatever agents have told of several GPUs, one share more that is promised is given, and so are all of one size', () => {
  const shares = fc.array(fc.record({ share: anyShare, count: fc.integer({ min: 1, max: 4 }) }), { maxLength: 10 })
  fc.assert(
    fc.property(shares, fc.infiniteStream(fc.nat()), (drawn, chance) => {
      const devices = gpus(3)
      const table = new GpuTable(devices)
      const told = new Map<string, { readonly share: GpuShare; readonly deviceId: string }>()
      for (const [i, { share, count }] of drawn.entries()) {
        const number = Math.min(count, new SharedUnits(devices, 3, [...told.values()]).free(share))
        for (let one = 0; one < number; one++) {
          const holder = `h-${i}-${one}`
          const slices = table.takeShares(holder, 't4', 1, ask(share, `f-${i}`))
          expect(slices).not.toBeNull()
          told.set(holder, { share, deviceId: slices![0]!.deviceId })
        }
        const draw = chance.next().value as number
        const gone = [...told.keys()][draw % (2 * told.size + 1)]
        if (gone !== undefined && told.delete(gone)) table.release(gone)
      }
    }),
    { numRuns: 200 },
  )
})

test('whatever is promised at once of several GPUs, shares and whole ones, all of it is given in whatever order it comes', () => {
  const shares = fc.array(fc.option(anyShare, { freq: 8 }), { minLength: 2, maxLength: 12 })
  fc.assert(
    fc.property(shares, fc.integer({ min: 2, max: 4 }), fc.infiniteStream(fc.nat()), (drawn, count, chance) => {
      const devices = gpus(count)
      const units = new SharedUnits(devices, count)
      const promised = drawn.flatMap((share, i) => {
        if ((share === null ? units.wholeFree : units.free(share)) === 0) return []
        units.take([{ share, deviceId: '' }])
        return [{ holder: `h-${i}`, model: 't4', share }]
      })
      const table = new GpuTable(devices)
      table.comingIs(() => promised)
      const waiting = [...promised]
      for (const draw of chance) {
        if (waiting.length === 0) break
        const [{ holder, share }] = waiting.splice(draw % waiting.length, 1) as [(typeof promised)[number]]
        const slices =
          share === null ? table.takeWhole(holder, 't4', 1) : table.takeShares(holder, 't4', 1, ask(share, holder))
        expect(slices).not.toBeNull()
      }
    }),
    { numRuns: 200 },
  )
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sharingConfig } from './config.ts'
import { checkShare, quotas, type ShareClient } from './shares.ts'
import { fullBalanceNs, grantedNs, nextBalanceNs } from './tokens.ts'

const device = { deviceId: 'GPU-1', memoryBytes: 1000 }

function aClient(
  instanceId: string,
  role: ShareClient['role'],
  requestMilli: number,
  limitMilli: number,
  isActive = true,
): ShareClient {
  return { instanceId, role, share: { requestMilli, limitMilli, memoryBytes: 0 }, isActive }
}

/** Whatever is admitted, in any order. */
const anyClients = fc
  .array(
    fc.record({
      role: fc.constantFrom('protected' as const, 'confined' as const),
      request: fc.integer({ min: 0, max: 1000 }),
      more: fc.integer({ min: 0, max: 1000 }),
      isActive: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((wishes) => {
    const held: ShareClient[] = []
    for (const [index, { role, request, more, isActive }] of wishes.entries()) {
      const client = aClient(`i${index}`, role, request, Math.max(1, Math.min(1000, request + more)), isActive)
      try {
        checkShare(device, held, client, sharingConfig.shares)
        held.push(client)
      } catch {
        // Refused: it would have oversold the device.
      }
    }
    return held
  })

describe('shares of a device', () => {
  test('shares of parts add up by area: eight on 98 % of it fit, though their requests are 3.6 devices', () => {
    const spatial = (instanceId: string, smMilli: number, requestMilli: number, limitMilli: number): ShareClient => {
      const share = { requestMilli, limitMilli, memoryBytes: 0, smMilli }
      return { instanceId, role: 'protected', share, isActive: true }
    }
    const load = [
      ...['r1', 'r2', 'r3', 'r4'].map((id) => spatial(id, 120, 400, 600)),
      ...['n1', 'n2'].map((id) => spatial(id, 240, 400, 600)),
      ...['b1', 'b2'].map((id) => spatial(id, 500, 600, 700)),
    ]
    for (const [i, client] of load.entries()) checkShare(device, load.slice(0, i), client, sharingConfig.shares)
    const refused = (client: ShareClient): unknown => {
      try {
        return checkShare(device, load, client, sharingConfig.shares)
      } catch (error) {
        return error
      }
    }
    // 984 of 1000 thousandths are guaranteed, 1282 of 1500 may be used.
    expect(refused(spatial('x', 100, 160, 200))).toBeUndefined()
    expect(refused(spatial('x', 100, 170, 200))).toMatchObject({
      violations: [
        { description: expect.stringContaining('is 170 of 100 of the multiprocessors, but 16 of 1000 are free') },
      ],
    })
    expect(refused(spatial('x', 1001, 1, 1))).toMatchObject({ violations: [{ field: 'share.smMilli' }] })
    expect(refused(spatial('x', 0.5, 1, 1))).toMatchObject({ violations: [{ field: 'share.smMilli' }] })
  })

  test('what is admitted is never oversold', () => {
    fc.assert(
      fc.property(anyClients, (clients) => {
        const total = (of: (client: ShareClient) => number): number =>
          clients.reduce((sum, client) => sum + of(client), 0)
        expect(total(({ share }) => share.requestMilli)).toBeLessThanOrEqual(1000)
        expect(total(({ share }) => share.limitMilli)).toBeLessThanOrEqual(1500)
      }),
    )
  })

  test('a quota lies between request and limit, and confined ones that are active share one device', () => {
    fc.assert(
      fc.property(anyClients, fc.double({ min: 0.01, max: 1, noNaN: true }), (clients, level) => {
        const quota = quotas(clients, level, 1000)
        for (const { instanceId, share } of clients) {
          expect(quota.get(instanceId)).toBeGreaterThanOrEqual(share.requestMilli)
          expect(quota.get(instanceId)).toBeLessThanOrEqual(share.limitMilli)
        }
        const confined = clients.filter(({ role, isActive }) => role === 'confined' && isActive)
        expect(confined.reduce((sum, { instanceId }) => sum + quota.get(instanceId)!, 0)).toBeLessThanOrEqual(1000)
      }),
    )
  })

  test('a client alone has its limit: its own use is not another', () => {
    expect(quotas([aClient('a', 'protected', 300, 700)], 1, 1000).get('a')).toBe(700)
    expect(quotas([aClient('a', 'confined', 300, 700)], 1, 1000).get('a')).toBe(700)
    const idle = [aClient('a', 'protected', 300, 700), aClient('b', 'protected', 500, 500, false)]
    expect(quotas(idle, 1, 1000).get('a')).toBe(700)
  })

  test('what a cut takes from the confined the protected may use', () => {
    const clients = [aClient('serve', 'protected', 300, 700), aClient('train', 'confined', 400, 800)]
    expect([...quotas(clients, 1, 1000)]).toEqual([
      ['train', 800],
      ['serve', 300],
    ])
    expect([...quotas(clients, 0.5, 1000)]).toEqual([
      ['train', 400],
      ['serve', 600],
    ])
    expect(quotas(clients, 0.01, 1000).get('train')).toBe(400)
  })

  test('a filler without a request takes what is left: nothing is kept for it', () => {
    const filler = aClient('fill', 'confined', 0, 900)
    expect([...quotas([aClient('serve', 'protected', 300, 700), filler], 1, 1000)]).toEqual([
      ['fill', 900],
      ['serve', 700],
    ])
    const training = aClient('train', 'confined', 100, 900)
    expect(quotas([aClient('serve', 'protected', 300, 700), training], 1, 1000).get('serve')).toBe(300)
  })

  test('a filler without a request is left a hundredth of its limit at the floor', () => {
    expect(quotas([aClient('fill', 'confined', 0, 900)], 0.01, 1000).get('fill')).toBe(9)
  })
})

describe('tokens', () => {
  const config = sharingConfig.tokens

  test('over time a client gets its quota, however late ticks are and however large its kernels', () => {
    fc.assert(
      fc.property(
        // A kernel that costs a client more than two seconds of its quota is partly forgiven: not here.
        fc.integer({ min: 50, max: 990 }),
        fc.array(fc.integer({ min: 5, max: 20 }), { minLength: 200, maxLength: 300 }),
        fc.integer({ min: 1, max: 40 }),
        (quotaMilli, ticksMs, kernelMs) => {
          const client = { quotaMilli, role: 'confined' as const }
          let balanceNs = 0
          let spent = 0
          let elapsed = 0
          for (const tickMs of ticksMs) {
            // As the interposer: any positive balance lets the next kernel through.
            const granted = grantedNs(spent, balanceNs)
            let charged = 0
            while (spent + charged < granted) charged += kernelMs * 1e6
            spent += charged
            elapsed += tickMs * 1e6
            balanceNs = nextBalanceNs(balanceNs, charged, tickMs * 1e6, client, config)
          }
          const due = (elapsed * quotaMilli) / 1000
          expect(spent).toBeLessThanOrEqual(due + kernelMs * 1e6)
          expect(spent).toBeGreaterThanOrEqual(due - kernelMs * 1e6 - 20e6)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('idling earns a burst at most, and debt is bounded', () => {
    const client = { quotaMilli: 500, role: 'protected' as const }
    expect(nextBalanceNs(0, 0, 3600e9, client, config)).toBe(fullBalanceNs(500, 'protected', config))
    expect(nextBalanceNs(0, 1e18, 5e6, client, config)).toBe(-1e9)
    expect(grantedNs(7, -5)).toBe(7)
  })
})

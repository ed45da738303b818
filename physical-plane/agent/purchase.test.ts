import { describe, expect, test } from 'vitest'
import { aWorld } from './agent.fixture.ts'

describe('the machine', () => {
  test('is told of as it was bought, and at once when its cloud will take it away', async () => {
    const { clock, controlPlane, startAgent } = aWorld()
    const purchase = { market: 'spot', zone: 'us-east-1a', instanceType: 'c5.large' } as const
    const agent = await startAgent({ purchase })
    void agent.run()
    await clock.advance(100)
    expect(controlPlane.hellos.at(-1)?.devices).toMatchObject([{ id: 'cpu-0', ...purchase, endsAtMs: 0 }])
    agent.endsAt(777_000)
    await clock.advance(100)
    expect(controlPlane.devices).toMatchObject([{ id: 'cpu-0', ...purchase, endsAtMs: 777_000 }])
    controlPlane.cut()
    await clock.advance(5_000)
    expect(controlPlane.hellos.at(-1)?.devices).toMatchObject([{ endsAtMs: 777_000 }])
    agent.endsAt(null)
    await clock.advance(100)
    expect(controlPlane.devices).toMatchObject([{ endsAtMs: 0 }])
    agent.abandon()
  })
})

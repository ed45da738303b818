import { expect, test } from 'vitest'
import type { InstanceEvent } from '#proto/generated/cloudless/v1/InstanceEvent.ts'
import { aWorker, aWorld, type World } from './agent.fixture.ts'

async function aConnectedWorld(): Promise<World> {
  const world = aWorld(2)
  void (await world.startAgent()).run()
  await world.clock.advance(10)
  return world
}

function unattended({ controlPlane }: World): readonly InstanceEvent[] {
  return controlPlane.records.flatMap(({ event }) => (event?.kind === 'unattended' ? [event] : []))
}

test('what went on while the control plane was away has that in its history, once', async () => {
  const world = await aConnectedWorld()
  const { clock, controlPlane } = world
  controlPlane.desire([aWorker()])
  await clock.advance(1_000)
  controlPlane.isDown = true
  controlPlane.cut()
  const lostAtMs = clock.now()
  await clock.advance(600_000)
  controlPlane.isDown = false
  await clock.advance(60_000)
  expect(unattended(world)).toEqual([
    expect.objectContaining({ jobId: 'j-1', instanceId: 'j-1/onprem/lab', kind: 'unattended', atMs: lostAtMs }),
  ])
  const seconds = Number(/for ([\d.]+) s; went on/.exec(unattended(world)[0]?.text ?? '')?.[1])
  expect(seconds).toBeGreaterThanOrEqual(600)
  expect(seconds).toBeLessThan(660)
})

test('an absence of a moment, or with nothing running, is not told of', async () => {
  const world = await aConnectedWorld()
  const { clock, controlPlane } = world
  controlPlane.isDown = true
  controlPlane.cut()
  await clock.advance(60_000)
  controlPlane.isDown = false
  await clock.advance(20_000)
  controlPlane.desire([aWorker()])
  await clock.advance(1_000)
  controlPlane.cut()
  await clock.advance(60_000)
  expect(controlPlane.records.length).toBeGreaterThan(0)
  expect(unattended(world)).toEqual([])
})

import pc from 'picocolors'
import { expect, test } from 'vitest'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { waits } from './config.ts'
import { openLiveDevices } from './live-devices.ts'
import { aDevice, aRegion, aUse } from './render/devices.fixture.ts'
import { watchDevices, type Asking } from './watch-devices.ts'

const answer = { devices: [aDevice('onprem/lab', [aUse()])] }
const away = new CloudlessError('unavailable', 'REFUSED', 'nobody listens')

/** Each answer in turn, the last one from then on. */
function aServer(...answers: readonly (typeof answer | CloudlessError)[]): Asking['regions'] {
  let asked = 0
  return {
    listDevices: () => {
      const next = answers[Math.min(asked++, answers.length - 1)]!
      return next instanceof CloudlessError ? Promise.reject(next) : Promise.resolve(next)
    },
    listRegions: () => {
      const regions = [aRegion('aws/us-east-1'), aRegion('onprem/lab')]
      return Promise.resolve({ regions, catalogVersion: '', catalogHash: '', fetchedLayers: [] })
    },
  }
}

async function watched(regions: Asking['regions'], seconds: number): Promise<readonly string[]> {
  const clock = new VirtualClock()
  const stop = new AbortController()
  const told: string[] = []
  const onAway = (why: string): void => void told.push(`away: ${why}`)
  const onBack = (): void => void told.push('back')
  const read = async (): Promise<void> => {
    const options = { regions, names: ['onprem/lab'], signal: stop.signal, clock, onAway, onBack }
    for await (const now of watchDevices(options)) told.push(`${now.devices.length} of ${now.regions[0]?.name}`)
    told.push('end')
  }
  const reading = read().catch((error: unknown) => void told.push(String(error)))
  await clock.advance(1000 * seconds)
  stop.abort()
  await clock.advance(1)
  await reading
  return told
}

test('devices are asked for every second, until that is interrupted', async () => {
  expect(await watched(aServer(answer), 2.5)).toEqual([...Array<string>(3).fill('1 of onprem/lab'), 'end'])
})

test('a control plane that is away is told once, and is asked again until it is back', async () => {
  const told = await watched(aServer(answer, away, away, answer), 3.5)
  expect(told).toEqual(['1 of onprem/lab', 'away: nobody listens', 'back', '1 of onprem/lab', 'end'])
})

test('one that stays away is given up, and what no other try cures is told at once', async () => {
  const told = await watched(aServer(away), waits.reconnectForMs / 1000 + 5)
  expect(told).toEqual([
    'away: nobody listens',
    expect.stringContaining('giving up: the control plane is away for 2 min'),
  ])
  expect(await watched(aServer(notFound('region', 'onprem/lab')), 1)).toEqual([expect.stringContaining('onprem/lab')])
})

test('while it is away the view says so, above the figures of before', async () => {
  const written: string[] = []
  const raw = (text: string): void => void written.push(text)
  const clock = new VirtualClock(Date.UTC(2026, 10, 3, 8, 3, 11))
  const view = openLiveDevices({ raw, columns: 200, rows: 40, style: pc.createColors(false) }, clock)
  view.show({ regions: [aRegion('onprem/lab')], devices: answer.devices })
  view.setAway(true)
  await clock.advance(4_000)
  expect(written.at(-1)).toContain('control plane away for 4.0 s; figures are from 08:03:11Z\nonprem/lab')
  view.setAway(false)
  expect(written.at(-1)).not.toContain('away')
  view.end()
  expect(written.at(-1)).toContain('\u001B[?25h')
})

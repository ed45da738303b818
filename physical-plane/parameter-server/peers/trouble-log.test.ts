import { expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { troubleMs } from './config.ts'
import { TroubleLog } from './trouble-log.ts'

test('the same trouble is told once a minute, another one at once', async () => {
  const clock = new VirtualClock()
  const told: unknown[] = []
  const log = new TroubleLog({ ...silentLog, info: ({ error }) => void told.push(error) }, clock)
  for (const error of ['cut', 'cut', 'cut', 'refused', 'refused', 'cut']) {
    log.tell({ peer: 'a' }, error, 'it broke off')
    await clock.advance(1000)
  }
  expect(told).toEqual(['cut', 'refused', 'cut'])
  await clock.advance(troubleMs)
  log.tell({ peer: 'a' }, 'cut', 'it broke off')
  expect(told).toEqual(['cut', 'refused', 'cut', 'cut'])
})

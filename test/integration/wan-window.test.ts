// Guards the one setting on which transfers between regions depend: the HTTP/2 window of the client that parameter
// servers fetch with.
import { expect, test } from 'vitest'
import { overTheRelay } from '#bench/wan-window.ts'
import { systemClock } from '#runtime/clock.ts'

test('a raised window carries many times what the default does at 150 ms round trip', async () => {
  const { raised, unpatched } = await overTheRelay(systemClock(), async (pull) => ({
    raised: await pull(10_000_000, 'ours'),
    unpatched: await pull(1_000_000, 'default'),
  }))
  expect(raised / unpatched).toBeGreaterThan(5)
})

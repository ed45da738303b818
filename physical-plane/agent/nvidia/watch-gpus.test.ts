import { expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { settle, VirtualClock } from '#runtime/virtual-clock.ts'
import type { Device } from '../devices.ts'
import type { SmiAnswer } from './ask-smi.ts'
import { watchGpus } from './watch-gpus.ts'

const gpu = (id: string): Device => ({ id, model: 'nvidia-t4', units: 1, memoryBytes: 1, sharing: 'interposer' })

test('a GPU that is not listed is gone at once, and when nothing answers all are gone after several times', async () => {
  const clock = new VirtualClock()
  const answers: (readonly string[] | 'failed')[] = [
    ['a', 'b'],
    ['b'],
    'failed',
    ['b'],
    'failed',
    'failed',
    'failed',
    'failed',
    ['a', 'b'],
  ]
  const heard: string[] = []
  let listed: readonly string[] = []
  const ended = new AbortController()
  void watchGpus(
    {
      ask: () => {
        const next = answers.shift() ?? listed
        if (next === 'failed') return Promise.resolve<SmiAnswer>({ kind: 'failed', why: 'lost' })
        listed = next
        const log = { driverVersion: '', cudaVersion: '', gpus: [] }
        return Promise.resolve<SmiAnswer>({ kind: 'answered', log, migNames: new Map() })
      },
      devicesOf: () => listed.map(gpu),
      clock,
      log: silentLog,
      pollMs: 1_000,
      failuresMax: 3,
      onChange: (devices) => heard.push(`${clock.monotonicMs()}: ${devices.map(({ id }) => id).join(' ')}`),
    },
    [gpu('a'), gpu('b')],
    ended.signal,
  )
  await clock.advance(20_000)
  await settle()
  expect(heard).toEqual(['2000: b', '7000: ', '9000: a b'])
  ended.abort()
  answers.push([])
  await clock.advance(5_000)
  expect(heard.length).toBe(3)
})

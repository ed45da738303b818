import { expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { VirtualClock, settle } from '#runtime/virtual-clock.ts'
import type { PartitionProgress__Output } from '#proto/generated/cloudless/v1/PartitionProgress.ts'
import { agentConfig } from './config.ts'
import { Journal, memoryJournalStorage, type JournalStorage } from './journal.ts'
import { WorkerPurposes } from './worker-purposes.ts'

const server = 'j-1/lab/ps'

function aStatus(samplesDone: number, hasStepped: boolean) {
  const progress = { samplesDone } as PartitionProgress__Output
  return { progress, workers: [{ instanceId: 'j-1/lab/worker-0', hasStepped, waitedSeconds: 1 }] }
}

async function anAgent(storage: JournalStorage, told: string[]) {
  const clock = new VirtualClock()
  const journal = await Journal.open({ storage, clock, log: silentLog, config: agentConfig })
  const meter = { use: (id: string, purpose: string, waited: number) => void told.push(`${id} ${purpose} ${waited}`) }
  return { journal, purposes: new WorkerPurposes(journal, meter) }
}

test('until the first step a worker starts; what was done before is done again, also after the machine went down', async () => {
  const told: string[] = []
  const storage = memoryJournalStorage()
  const first = await anAgent(storage, told)
  first.purposes.heard(server, aStatus(0, false))
  first.purposes.heard(server, aStatus(500, true))
  first.purposes.tick()
  await settle()
  // The parameter server goes on from a checkpoint of 300.
  first.purposes.heard(server, aStatus(300, true))
  const second = await anAgent(storage, told)
  for (const samplesDone of [400, 500, 600]) second.purposes.heard(server, aStatus(samplesDone, true))
  const worker = 'j-1/lab/worker-0'
  const purposes = ['start', 'train', 'redo', 'redo', 'train', 'train']
  expect(told).toEqual(purposes.map((purpose) => `${worker} ${purpose} 1`))
})

test('a forgotten parameter server leaves no mark', async () => {
  const { journal, purposes } = await anAgent(memoryJournalStorage(), [])
  purposes.heard(server, aStatus(5, true))
  purposes.tick()
  purposes.tick()
  await settle()
  expect([...journal.marks.keys()]).toEqual([`samples/${server}`])
  await journal.append(purposes.forget(server))
  expect(journal.marks.size).toBe(0)
})

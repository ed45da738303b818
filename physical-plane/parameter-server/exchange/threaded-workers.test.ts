// Several workers at once while kernels run on their own thread: whatever the order, a worker reads one version whole.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TensorLayout__Output } from '#proto/generated/cloudless/v1/TensorLayout.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { aGroup, aLayout, aTensor } from '../replica/a-layout.ts'
import { inlineBytesMax } from '../replica/config.ts'
import { encodeLayout } from '../replica/layout.ts'
import { VectorMemory } from '../replica/memory.ts'
import { ABellClient, readParameters, writeGradient, writeInitial } from './a-bell-client.ts'
import { APartition } from './a-partition.ts'
import { openWorkerExchange } from './worker-exchange.ts'

const elements = inlineBytesMax / 4 + 1
const layout = aLayout([aTensor({ shape: [elements] })], [aGroup()])
/** Each step subtracts it from every parameter, exactly. */
const learningRate = 0.125
const workers = ['w0', 'w1', 'w2']
/** One lease. */
const stepsEach = 16

test('three workers step at the same time, and each reads all of the version that it is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bell-'))
  const memory = VectorMemory.create({ bytes: 1 << 24, thread: true })
  const samples = workers.length * stepsEach
  const side = new APartition(memory, samples)
  const exchange = await openWorkerExchange({
    side,
    memory,
    sharedDir: folder,
    stallTimeoutMs: 10_000,
    clock: new VirtualClock(),
    random: seededRandom(1),
    log: silentLog,
    job: { jobId: 'j1', seed: 7, epochs: 1, shards: [{ uri: 'file:///a', samples }], holdout: null },
  })
  const call = { signal: new AbortController().signal, deadlineAtMs: null, peer: 'test' }

  const seen = await Promise.all(
    workers.map(async (instanceId) => {
      const wire = encodeLayout(layout) as TensorLayout__Output
      const request = { jobId: 'j1', instanceId, attempt: 1, protocolVersion: 1, sdkVersion: '0.1.0', layout: wire }
      const answer = await exchange.service.join({ ...request, sameMachine: true }, call)
      const bell = new ABellClient(join(folder, 'bell.sock'))
      await bell.ring({ op: 'hello', sessionId: answer.sessionId! })
      writeInitial(
        answer,
        Array.from({ length: elements }, () => 0),
      )
      await bell.ring({ op: 'initial' })
      writeGradient(
        answer,
        Array.from({ length: elements }, () => 1),
      )
      const read: { readonly version: number; readonly least: number; readonly most: number }[] = []
      const lease = await exchange.service.leaseSamples({ sessionId: answer.sessionId! }, call)
      for (let leaseUsed = 1; leaseUsed <= stepsEach; leaseUsed++) {
        const step = { leaseId: Number(lease.leaseId), leaseUsed, samples: 1, loss: 1, learningRates: [learningRate] }
        const { status, version } = await bell.ring({ op: 'step', ...step })
        expect(status).toBe('done')
        const values = readParameters(answer, elements)
        const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
        read.push({ version, least, most })
      }
      bell.socket.destroy()
      return read
    }),
  )

  const all = seen.flat()
  expect(all).toHaveLength(samples)
  // The first values are version 1.
  for (const { version, least, most } of all) {
    expect([least, most]).toEqual([-learningRate * (version - 1), -learningRate * (version - 1)])
  }
  expect(side.replica!.values[0]).toBe(-learningRate * samples)
  await exchange.stop()
  await memory.stop()
  rmSync(folder, { recursive: true, force: true })
})

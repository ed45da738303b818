// A watch as the watched side serves it, without a network: what is said first, and what a reader may not do.
import { expect, test } from 'vitest'
import type { WatchPeerRequest__Output } from '#proto/generated/cloudless/v1/WatchPeerRequest.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import { silentLog } from '#runtime/log.ts'
import { settle } from '#runtime/virtual-clock.ts'
import { aSide, pattern, type ASide } from './a-peer-side.ts'
import { pongsWaitingMax, protocolVersion } from './config.ts'
import { createPeerService } from './peer-service.ts'

function watched(side: ASide, afterSeq = 0) {
  const service = createPeerService({ side, jobId: 'job', log: silentLog })
  const requests = new AsyncQueue<WatchPeerRequest__Output>({ limit: 100 })
  const open = { jobId: 'job', region: 'b', fromRegion: 'a', afterSeq, protocolVersion, endpoint: 'b:1' }
  requests.offer({ open })
  const over = new AbortController()
  const call = { signal: over.signal, deadlineAtMs: null, peer: 'b' }
  return { requests, over, answers: service.watchPeer(requests, call)[Symbol.asyncIterator]() }
}

test('the status comes first, then headers in order, and only the newest status once the reader is back', async () => {
  const side = aSide('a')
  const sealed = [1, 2].map((seed) => side.seal(pattern(8, seed)))
  const { answers, over } = watched(side)
  expect((await answers.next()).value).toMatchObject({ status: { revision: 1 } })
  expect((await answers.next()).value).toMatchObject({
    header: { seq: 1, payload: { sha256: sealed[0]!.payload!.sha256 } },
  })
  for (let i = 0; i < 5; i++) side.say({ committedRound: i })
  expect((await answers.next()).value).toMatchObject({ status: { revision: 6, committedRound: 4 } })
  expect((await answers.next()).value).toMatchObject({ header: { seq: 2 } })
  const waiting = answers.next()
  side.say({ hasDrained: true })
  expect((await waiting).value).toMatchObject({ status: { revision: 7, hasDrained: true } })
  over.abort(new Error('gone'))
  await expect(answers.next()).rejects.toThrow('gone')
  expect(side.told.called).toEqual([{ region: 'b', endpoint: 'b:1' }])
})

test('it begins after what the reader has, and a ping is answered before all else', async () => {
  const side = aSide('a')
  for (const seed of [1, 2, 3]) side.seal(pattern(8, seed))
  const { requests, answers, over } = watched(side, 2)
  await answers.next()
  requests.offer({ ping: { number: 5 } })
  requests.offer({ ack: { durableSeq: 2 } })
  await settle()
  side.say({})
  expect((await answers.next()).value).toEqual({ pong: { number: 5 } })
  expect(side.told.acknowledged).toEqual([2])
  expect((await answers.next()).value).toMatchObject({ status: { revision: 2 } })
  expect((await answers.next()).value).toMatchObject({ header: { seq: 3 } })
  over.abort(new Error('gone'))
})

test('pings without end are refused', async () => {
  const { requests, answers } = watched(aSide('a'))
  await answers.next()
  for (let number = 0; number <= pongsWaitingMax; number++) requests.offer({ ping: { number } })
  await settle()
  await expect(answers.next()).rejects.toMatchObject({ kind: 'exhausted', reason: 'TOO_MANY_PINGS' })
})

test('the end of the requests is the end of the watch, and nothing stays behind', async () => {
  const side = aSide('a')
  const { requests, answers } = watched(side)
  await answers.next()
  const waiting = answers.next()
  requests.end()
  expect(await waiting).toMatchObject({ done: true })
})

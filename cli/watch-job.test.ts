import { describe, expect, test } from 'vitest'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { WatchJobResponse__Output } from '#proto/generated/cloudless/v1/WatchJobResponse.ts'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { settle, VirtualClock } from '#runtime/virtual-clock.ts'
import { waits } from './config.ts'
import { watchJob } from './watch-job.ts'

const away = (): CloudlessError => new CloudlessError('unavailable', 'UNAVAILABLE', 'refused')

function aJob(revision: number, state: Job__Output['state'] = 'JOB_STATE_RUNNING'): WatchJobResponse__Output {
  return { job: { id: 'j', revision, state } as Job__Output }
}

/** A server whose streams are given one after another: what each sends, and how it ends. */
function watching(streams: readonly { readonly sends: readonly WatchJobResponse__Output[]; readonly fails?: Error }[]) {
  const clock = new VirtualClock()
  const asked: number[] = []
  const notes: string[] = []
  const interrupt = new AbortController()
  const jobs = {
    watchJob: async function* (request: { startRevision?: unknown }) {
      const stream = streams[Math.min(asked.length, streams.length - 1)]!
      asked.push(Number(request.startRevision))
      yield* stream.sends
      if (stream.fails !== undefined) throw stream.fails
    },
  }
  const seen: number[] = []
  const run = async (): Promise<void> => {
    const onAway = (why: string): void => void notes.push(why)
    const options = { jobs, id: 'j', clock, signal: interrupt.signal, onAway, onBack: () => notes.push('back') }
    for await (const job of watchJob(options)) seen.push(job.revision)
  }
  return { clock, asked, notes, seen, interrupt, run }
}

describe('watching a job', () => {
  test('ends with the job', async () => {
    const watch = watching([{ sends: [aJob(1), aJob(4, 'JOB_STATE_SUCCEEDED'), aJob(9)] }])
    await watch.run()
    expect(watch.seen).toEqual([1, 4])
  })

  test('goes on when the control plane comes back, repeats nothing, and says once each that it is away and back', async () => {
    const watch = watching([
      { sends: [aJob(1), aJob(2)], fails: away() },
      { sends: [], fails: away() },
      { sends: [aJob(2), aJob(3, 'JOB_STATE_FAILED')] },
    ])
    const done = watch.run()
    await watch.clock.advance(10 * waits.reconnectEveryMs)
    await done
    expect(watch.seen).toEqual([1, 2, 3])
    expect(watch.asked).toEqual([0, 0, 0])
    expect(watch.notes).toEqual(['refused', 'back'])
  })

  test('a stream that just ends, or that outlives its deadline, is opened again', async () => {
    const late = new CloudlessError('deadline', 'DEADLINE', 'late')
    const watch = watching([
      { sends: [aJob(1)] },
      { sends: [], fails: late },
      { sends: [aJob(2, 'JOB_STATE_CANCELLED')] },
    ])
    const done = watch.run()
    await watch.clock.advance(10 * waits.reconnectEveryMs)
    await done
    expect(watch.seen).toEqual([1, 2])
    expect(watch.notes).toEqual([])
  })

  test('gives up when the control plane stays away', async () => {
    const watch = watching([{ sends: [], fails: away() }])
    const ended = watch.run().catch((error: unknown) => error)
    await watch.clock.advance(waits.reconnectForMs + 2 * waits.reconnectEveryMs)
    expect(await ended).toMatchObject({ kind: 'unavailable', reason: 'CONTROL_PLANE_AWAY' })
    expect(String(await ended)).toContain(
      'away for 2 min 0 s (refused); the job may go on, `cloudless status j --watch`',
    )
  })

  test('one that came back to a job without news is away anew the next time', async () => {
    const streams = [
      { sends: [aJob(1)], fails: away() },
      ...Array.from({ length: 3 }, () => ({ sends: [aJob(1)], fails: away() })),
    ]
    const watch = watching([...streams, { sends: [aJob(2, 'JOB_STATE_SUCCEEDED')] }])
    const done = watch.run()
    await watch.clock.advance(10 * waits.reconnectEveryMs)
    await done
    expect(watch.notes).toEqual(Array.from({ length: 4 }, () => ['refused', 'back']).flat())
    expect(watch.seen).toEqual([1, 2])
  })

  test('an unknown job is told at once', async () => {
    await expect(watching([{ sends: [], fails: notFound('job', 'j') }]).run()).rejects.toThrow('j does not exist')
  })

  test('an interruption ends it without an error', async () => {
    const watch = watching([{ sends: [aJob(1)], fails: away() }])
    const done = watch.run()
    await settle()
    watch.interrupt.abort()
    await done
    expect(watch.seen).toEqual([1])
  })
})

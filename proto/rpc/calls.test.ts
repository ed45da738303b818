import { describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { abortOf, collect, failure, serverFor } from './test-services.ts'

const clock = systemClock()
const withServer = serverFor(clock)

describe('deadlines and cancellation', () => {
  test("the caller's deadline aborts the server's signal", async () => {
    const reasons: unknown[] = []
    await withServer(
      {
        jobs: {
          getJob: async (_request, call) => {
            expect(call.deadlineAtMs).not.toBeNull()
            reasons.push(await abortOf(call))
            return {}
          },
        },
      },
      async ({ jobs }) => {
        // Long enough for the call to reach a busy server, which hears of the deadline from its own clock or from the caller.
        expect(await failure(jobs.getJob({}, { deadlineMs: 500 }))).toMatchObject({ kind: 'deadline' })
        await expect.poll(() => reasons).toMatchObject([{ kind: expect.stringMatching(/^(deadline|cancelled)$/) }])
      },
    )
  })

  test("the client's default deadline applies to unary calls", async () => {
    await withServer(
      { jobs: { getJob: (_request, call) => abortOf(call).then(() => ({})) } },
      async ({ jobs }) => expect(await failure(jobs.getJob({}))).toMatchObject({ kind: 'deadline' }),
      { client: { deadlineMs: 30 } },
    )
  })

  test('a caller that cancels a unary call is heard by the server and gets its own reason', async () => {
    const cancel = new AbortController()
    const reasons: unknown[] = []
    await withServer(
      {
        jobs: {
          getJob: async (_request, call) => {
            cancel.abort(new CloudlessError('cancelled', 'USER_LEFT', 'the user left'))
            reasons.push(await abortOf(call))
            return {}
          },
        },
      },
      async ({ jobs }) => {
        expect(await failure(jobs.getJob({}, { signal: cancel.signal }))).toMatchObject({ reason: 'USER_LEFT' })
        await expect.poll(() => reasons).toMatchObject([{ kind: 'cancelled' }])
      },
    )
  })

  test('a reader that leaves its loop ends the call and the generator behind it', async () => {
    let isEnded = false
    await withServer(
      {
        jobs: {
          async *watchJob() {
            try {
              for (let revision = 0; ; revision++) yield { job: { revision } }
            } finally {
              isEnded = true
            }
          },
        },
      },
      async ({ jobs, lines }) => {
        for await (const { job } of jobs.watchJob({})) if (job?.revision === 3) break
        await expect.poll(() => isEnded).toBe(true)
        await expect.poll(() => lines.map(({ fields }) => fields['status'])).toContain('CANCELLED')
      },
    )
  })

  test('a server stream that waits is ended by the signal', async () => {
    const cancel = new AbortController()
    await withServer(
      {
        jobs: {
          async *watchJob(_request, call) {
            yield { job: { revision: 1 } }
            await abortOf(call)
          },
        },
      },
      async ({ jobs }) => {
        const reading = (async () => {
          for await (const { job } of jobs.watchJob({}, { signal: cancel.signal })) if (job !== null) cancel.abort()
        })()
        expect(await failure(reading)).toMatchObject({ kind: 'cancelled' })
      },
    )
  })

  test('a server that has heard enough ends the stream and the source of requests', async () => {
    let isSourceClosed = false
    async function* endless() {
      try {
        for (let incarnation = 0; ; incarnation++) yield { hello: { incarnation } }
      } finally {
        isSourceClosed = true
      }
    }
    await withServer(
      {
        fleet: {
          async *connect(requests) {
            for await (const { hello } of requests) if (hello?.incarnation === 5) break
            yield { welcome: { journalSeq: 99 } }
          },
        },
      },
      async ({ fleet }) => {
        const answers = await collect(fleet.connect(endless()))
        expect(answers.map(({ welcome }) => welcome?.journalSeq)).toEqual([99])
        await expect.poll(() => isSourceClosed).toBe(true)
      },
    )
  })

  test('a source of requests that fails gives its error to the caller and cancels the call', async () => {
    const isHeard = Promise.withResolvers<Buffer>()
    async function* broken() {
      yield { data: Buffer.from('a') }
      await isHeard.promise
      throw new CloudlessError('conflict', 'FILE_CHANGED', 'the file changed')
    }
    const statuses: unknown[] = []
    await withServer(
      {
        jobs: {
          uploadBundle: async (requests) => {
            try {
              for await (const { data } of requests) isHeard.resolve(data)
            } catch (error) {
              statuses.push((error as CloudlessError).kind)
            }
            return {}
          },
        },
      },
      async ({ jobs }) => {
        expect(await failure(jobs.uploadBundle(broken()))).toMatchObject({ reason: 'FILE_CHANGED' })
        await expect.poll(() => statuses).toEqual(['cancelled'])
      },
    )
  })
})

describe('limits', () => {
  test('a slow reader stops the producer', async () => {
    let produced = 0
    const data = Buffer.alloc(512 * 1024)
    await withServer(
      {
        jobs: {
          async *downloadModel() {
            for (; produced < 400; produced++) yield { data }
          },
        },
      },
      async ({ jobs }) => {
        for await (const message of jobs.downloadModel({})) {
          expect(message.data.length).toBe(data.length)
          // Long enough for all 200 MB, were it not for the back-pressure.
          for (let before = -1; before !== produced; before = produced, await clock.sleep(60));
          expect(produced).toBeLessThan(60)
          break
        }
      },
    )
  })

  test('a slow server stops the uploading client', async () => {
    let produced = 0
    async function* upload() {
      for (; produced < 400; produced++) yield { data: Buffer.alloc(512 * 1024) }
    }
    await withServer(
      {
        jobs: {
          uploadBundle: async (requests) => {
            for await (const message of requests) {
              expect(message.data.length).toBe(512 * 1024)
              for (let before = -1; before !== produced; before = produced, await clock.sleep(60));
              break
            }
            return { digest: String(produced) }
          },
        },
      },
      async ({ jobs }) => expect(Number((await jobs.uploadBundle(upload())).digest)).toBeLessThan(100),
    )
  })

  test('a request above the limit is refused by the client, and by the server when the client lets it pass', async () => {
    const tooLarge = { id: 'x'.repeat(70_000) }
    const jobs = { getJob: async () => ({}) }
    await withServer(
      { jobs },
      async (bed) => {
        const error = await failure(bed.jobs.getJob(tooLarge))
        expect(error).toMatchObject({ kind: 'exhausted', reason: 'MESSAGE_TOO_LARGE' })
        expect(error.message).toMatch(/70\d\d\d bytes.*65536/)
      },
      { client: { messageBytesMax: 65_536 } },
    )
    await withServer(
      { jobs },
      async (bed) => {
        const error = await failure(bed.jobs.getJob(tooLarge))
        expect(error.kind).toBe('exhausted')
        expect(error.message).toMatch(/larger than max.*65536/)
      },
      { messageBytesMax: 65_536 },
    )
  })

  test('a response above the limit is an error that says so', async () => {
    const jobs = { getJob: async () => ({ job: { reason: 'x'.repeat(70_000) } }) }
    await withServer(
      { jobs },
      async (bed) => expect(await failure(bed.jobs.getJob({}))).toMatchObject({ reason: 'MESSAGE_TOO_LARGE' }),
      { messageBytesMax: 65_536 },
    )
  })

  test('many calls at once keep their answers apart', async () => {
    await withServer({ jobs: { getJob: async ({ id }) => ({ job: { id } }) } }, async ({ jobs }) => {
      const ids = Array.from({ length: 300 }, (_, i) => String(i))
      const answers = await Promise.all(ids.map((id) => jobs.getJob({ id })))
      expect(answers.map(({ job }) => job?.id)).toEqual(ids)
    })
  })
})

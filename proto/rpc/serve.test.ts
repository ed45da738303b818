import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, credentials } from '@grpc/grpc-js'
import { service as healthDefinition } from 'grpc-health-check'
import { describe, expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, invalid, type ErrorKind } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { codeOfKind } from './errors.ts'
import { openClient } from './client.ts'
import { serve } from './serve.ts'
import { from } from './streams.ts'
import { abortOf, aJobService, collect, failure, serverFor } from './test-services.ts'
import type { JobServiceHandlers } from '../generated/cloudless/v1/JobService.ts'

const clock = systemClock()
const withServer = serverFor(clock)

describe.each([{ isUnix: false }, { isUnix: true }])('the four shapes, Unix socket: $isUnix', ({ isUnix }) => {
  test('unary: requests arrive complete, responses too', async () => {
    await withServer(
      { jobs: { getJob: async (request, call) => ({ job: { id: `${request.id}@${call.peer.split(':')[0]}` } }) } },
      async ({ jobs }) => {
        const { job } = await jobs.getJob({ id: 'a' })
        expect(job).toMatchObject({
          id: isUnix ? 'a@unix' : 'a@127.0.0.1',
          revision: 0,
          state: 'JOB_STATE_UNSPECIFIED',
        })
      },
      { isUnix },
    )
  })

  test('server streaming, client streaming and bidirectional keep order and bytes', async () => {
    await withServer(
      {
        jobs: {
          async *watchJob({ startRevision }) {
            for (let revision = startRevision; revision < 50; revision++) yield { job: { revision } }
          },
          async uploadBundle(requests) {
            const parts: Buffer[] = []
            for await (const { data } of requests) parts.push(data)
            return { digest: Buffer.concat(parts).toString() }
          },
        },
        fleet: {
          async *connect(requests) {
            for await (const { hello } of requests) yield { welcome: { journalSeq: hello?.incarnation ?? 0 } }
          },
        },
      },
      async ({ jobs, fleet }) => {
        const revisions = (await collect(jobs.watchJob({ startRevision: 7 }))).map(({ job }) => job?.revision)
        expect(revisions).toEqual(Array.from({ length: 43 }, (_, i) => i + 7))
        const upload = await jobs.uploadBundle(from(['ab', 'c', 'de'].map((text) => ({ data: Buffer.from(text) }))))
        expect(upload.digest).toBe('abcde')
        const hellos = Array.from({ length: 100 }, (_, incarnation) => ({ hello: { incarnation } }))
        const welcomes = await collect(fleet.connect(from(hellos)))
        expect(welcomes.map(({ welcome }) => welcome?.journalSeq)).toEqual(hellos.map(({ hello }) => hello.incarnation))
      },
      { isUnix },
    )
  })
})

describe('errors', () => {
  const kinds = Object.keys(codeOfKind) as ErrorKind[]

  test.each(kinds)('%s comes back with kind, reason, violations and metadata, from unary and stream', async (kind) => {
    const violations = [{ field: 'shards[1].samples', description: '0; must be positive' }]
    const metadata = { region: 'tencent/ap-shanghai', text: 'ü→' }
    const error = new CloudlessError(kind, 'SOME_REASON', 'text with ü, % and\nnewline', { violations, metadata })
    await withServer(
      {
        jobs: {
          getJob: () => Promise.reject(error),
          // eslint-disable-next-line require-yield
          async *watchJob() {
            throw error
          },
          uploadBundle: () => Promise.reject(error),
        },
      },
      async ({ jobs }) => {
        const expected = { kind, reason: 'SOME_REASON', message: error.message, violations, metadata }
        expect(await failure(jobs.getJob({}))).toMatchObject(expected)
        expect(await failure(collect(jobs.watchJob({})))).toMatchObject(expected)
        expect(await failure(jobs.uploadBundle(from([{ digest: 'x' }])))).toMatchObject(expected)
      },
    )
  })

  test('a stream that fails in the middle delivers what came before', async () => {
    await withServer(
      {
        jobs: {
          async *watchJob() {
            for (let revision = 0; revision < 5; revision++) yield { job: { revision } }
            throw invalid([{ field: 'id', description: 'gone' }])
          },
        },
      },
      async ({ jobs }) => {
        const seen: unknown[] = []
        const reading = (async () => {
          for await (const { job } of jobs.watchJob({})) seen.push(job?.revision)
        })()
        expect((await failure(reading)).violations).toEqual([{ field: 'id', description: 'gone' }])
        expect(seen).toEqual([0, 1, 2, 3, 4])
      },
    )
  })

  test('an unknown error tells the caller nothing and the log everything', async () => {
    await withServer(
      { jobs: { getJob: () => Promise.reject(new Error('password is hunter2')) } },
      async ({ jobs, lines }) => {
        const error = await failure(jobs.getJob({}))
        expect(error).toMatchObject({ kind: 'internal', reason: 'INTERNAL' })
        expect(error.message).not.toContain('hunter2')
        const logged = lines.find(({ level }) => level === 'error')
        expect(logged?.fields).toMatchObject({ status: 'INTERNAL', error: 'password is hunter2' })
      },
    )
  })

  test('a function that throws before it returns a promise is an error like any other', async () => {
    await withServer({}, async ({ jobs }) => {
      expect(await failure(collect(jobs.watchJob({})))).toMatchObject({ kind: 'not-found', reason: 'NOT_FOUND' })
    })
  })

  test('an address where nobody listens is named', async () => {
    const client = openClient<JobServiceHandlers>('cloudless.v1.JobService', '127.0.0.1:1', { clock })
    const error = await failure(client.getJob({}))
    expect(error).toMatchObject({ kind: 'unavailable', metadata: { address: '127.0.0.1:1' } })
    expect(error.message).toContain('127.0.0.1:1')
    expect(await failure(client.waitForReady(50))).toMatchObject({ kind: 'unavailable' })
    client.close()
    expect(await failure(client.getJob({}))).toMatchObject({ reason: 'CLIENT_CLOSED' })
  })

  test('a value that the message cannot hold is refused before it is sent', async () => {
    await withServer({}, async ({ jobs }) => {
      const error = await failure(jobs.createJob({ spec: 'not a message' as never }))
      expect(error).toMatchObject({ kind: 'invalid', reason: 'MALFORMED_MESSAGE' })
      expect(error.message).toContain('spec')
    })
  })

  test('bytes that are no message are refused as such', async () => {
    await withServer({ jobs: { getJob: async () => ({}) } }, async ({ server }) => {
      const raw = new Client(server.address, credentials.createInsecure())
      const code = await new Promise((resolve) => {
        const garbage = Buffer.from([0x7f, 0x01])
        const asIs = (bytes: Buffer): Buffer => bytes
        raw.makeUnaryRequest('/cloudless.v1.JobService/GetJob', asIs, asIs, garbage, (error) => resolve(error?.code))
      })
      expect(code).toBe(codeOfKind.invalid)
      raw.close()
    })
  })
})

describe('the server as a whole', () => {
  test('stop ends streams with UNAVAILABLE, lets unary calls finish, and a second stop is harmless', async () => {
    const started = Promise.withResolvers<void>()
    const streaming = Promise.withResolvers<void>()
    await withServer(
      {
        jobs: {
          getJob: async () => {
            started.resolve()
            await clock.sleep(50)
            return { job: { id: 'finished' } }
          },
          async *watchJob(_request, call) {
            streaming.resolve()
            yield { job: { revision: 1 } }
            await abortOf(call)
          },
        },
      },
      async ({ jobs, server }) => {
        const unary = jobs.getJob({})
        const stream = failure(collect(jobs.watchJob({})))
        await Promise.all([started.promise, streaming.promise])
        await Promise.all([server.stop(5_000), server.stop(5_000)])
        expect((await unary).job?.id).toBe('finished')
        expect(await stream).toMatchObject({ kind: 'unavailable', reason: 'SERVER_STOPPING' })
      },
    )
  })

  test('after the grace time unary calls are ended too', async () => {
    await withServer({ jobs: { getJob: (_r, call) => abortOf(call).then(() => ({})) } }, async ({ jobs, server }) => {
      const unary = failure(jobs.getJob({}))
      await jobs.waitForReady(1_000)
      await clock.sleep(20)
      await server.stop(10)
      expect((await unary).kind).toBe('unavailable')
    })
  })

  test('every call is one log line and one observation', async () => {
    await withServer({ jobs: { getJob: async () => ({}) } }, async ({ jobs, lines, metrics }) => {
      await jobs.getJob({})
      await failure(jobs.cancelJob({}))
      const calls = lines.filter(({ fields }) => 'method' in fields)
      expect(calls.map(({ level, fields }) => [level, fields['method'], fields['status']])).toEqual([
        ['debug', 'cloudless.v1.JobService/GetJob', 'OK'],
        ['info', 'cloudless.v1.JobService/CancelJob', 'NOT_FOUND'],
      ])
      const text = await metrics.render()
      expect(text).toContain('cloudless_rpc_seconds_count{method="cloudless.v1.JobService/GetJob",status="OK"} 1')
      expect(text).toContain('cloudless_rpc_in_flight{method="cloudless.v1.JobService/GetJob"} 0')
    })
  })

  test('reflection lists the services when asked for, and is absent otherwise', async () => {
    const list = (address: string): Promise<string> =>
      new Promise((resolve) => {
        const raw = new Client(address, credentials.createInsecure())
        const asIs = (bytes: Buffer): Buffer => bytes
        const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
        const call = raw.makeBidiStreamRequest(path, asIs, asIs)
        let text = ''
        call.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
        call.on('error', (error) => (text += error.message))
        call.on('status', () => {
          raw.close()
          resolve(text)
        })
        // ServerReflectionRequest with list_services (field 7) set to "".
        call.end(Buffer.from([0x3a, 0x00]))
      })
    await withServer(
      {},
      async ({ server }) => expect(await list(server.address)).toContain('cloudless.v1.JobService'),
      {
        withReflection: true,
      },
    )
    await withServer({}, async ({ server }) => expect(await list(server.address)).toContain('UNIMPLEMENTED'))
  })

  test('health follows setServing', async () => {
    await withServer({}, async ({ server }) => {
      const raw = new Client(server.address, credentials.createInsecure())
      const check = healthDefinition['check'] ?? healthDefinition['Check']!
      const ask = (service: string): Promise<unknown> =>
        new Promise((resolve) => {
          const { path, requestSerialize, responseDeserialize } = check
          raw.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, answer) =>
            resolve(error === null ? (answer as { status: string }).status : error.code),
          )
        })
      expect(await ask('cloudless.v1.JobService')).toBe('SERVING')
      server.setServing(false)
      expect(await ask('cloudless.v1.JobService')).toBe('NOT_SERVING')
      expect(await ask('')).toBe('NOT_SERVING')
      expect(await ask('cloudless.v1.Nope')).toBe(codeOfKind['not-found'])
      raw.close()
    })
  })
})

describe('listening', () => {
  const listenOn = (listen: { host: string; port: number } | { socketPath: string }) =>
    serve({
      services: { 'cloudless.v1.JobService': aJobService() },
      listen,
      clock,
      log: silentLog,
      metrics: createMetrics(),
    })

  test('a port in use is named', async () => {
    await withServer({}, async ({ server }) => {
      const error = await failure(listenOn({ host: '127.0.0.1', port: Number(server.address.split(':')[1]) }))
      expect(error).toMatchObject({ kind: 'conflict', reason: 'CANNOT_LISTEN' })
      expect(error.message).toContain(server.address)
    })
  })

  test('a Unix socket is private, refused while somebody answers, replaced when nobody does, never when a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rpc-'))
    try {
      const socketPath = join(folder, 's')
      const server = await listenOn({ socketPath })
      expect(statSync(socketPath).mode & 0o777).toBe(0o600)
      expect((await failure(listenOn({ socketPath }))).message).toContain('served by another process')
      await server.stop(0)
      await abandonSocket(socketPath)
      await (await listenOn({ socketPath })).stop(0)
      const filePath = join(folder, 'file')
      writeFileSync(filePath, 'precious')
      expect((await failure(listenOn({ socketPath: filePath }))).message).toContain('not a socket')
      expect((await failure(listenOn({ socketPath: join(folder, 'x'.repeat(120)) }))).message).toContain('bytes')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** Leaves a socket file behind as a killed process does. */
async function abandonSocket(path: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const { once } = await import('node:events')
  const child = spawn(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ])
  await once(child, 'exit')
  expect(statSync(path).isSocket()).toBe(true)
}

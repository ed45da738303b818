// Builders for tests of the plumbing: whole services of which a test words only the methods it is about, and a real
// server with a real client over loopback or a Unix socket for the time of one function.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { silentLog, type Log, type LogFields } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import type { FleetServiceHandlers } from '../generated/cloudless/v1/FleetService.ts'
import type { JobServiceHandlers } from '../generated/cloudless/v1/JobService.ts'
import { openClient, type ClientOptions, type OpenClient } from './client.ts'
import { serve, type RpcServer, type ServeOptions } from './serve.ts'
import type { CallContext, Implementation } from './service.ts'

type JobService = Implementation<JobServiceHandlers>
type FleetService = Implementation<FleetServiceHandlers>

export function aJobService(methods: Partial<JobService> = {}): JobService {
  const absent = (): never => {
    throw notFound('method', 'in this test')
  }
  const absentUnary = (): Promise<never> => Promise.reject(notFound('method', 'in this test'))
  return {
    uploadBundle: absentUnary,
    createJob: absentUnary,
    planJob: absentUnary,
    getJob: absentUnary,
    listJobs: absentUnary,
    cancelJob: absentUnary,
    resumeJob: absentUnary,
    watchJob: absent,
    streamLogs: absent,
    downloadModel: absent,
    listRounds: absentUnary,
    listEvaluations: absentUnary,
    listEvents: absentUnary,
    listPlans: absentUnary,
    ...methods,
  }
}

export function aFleetService(methods: Partial<FleetService> = {}): FleetService {
  const absent = (): never => {
    throw notFound('method', 'in this test')
  }
  return {
    connect: absent,
    fetchBundle: absent,
    uploadModel: () => Promise.reject(notFound('method', 'in this test')),
    ...methods,
  }
}

export type TestBed = {
  readonly server: RpcServer
  readonly jobs: OpenClient<JobServiceHandlers>
  readonly fleet: OpenClient<FleetServiceHandlers>
  readonly lines: readonly LogLine[]
  readonly metrics: ReturnType<typeof createMetrics>
}

export type LogLine = { readonly level: string; readonly fields: LogFields; readonly message: string }

type Services = { readonly jobs?: Partial<JobService>; readonly fleet?: Partial<FleetService> }
type BedOptions = Partial<ServeOptions> & { readonly client?: Partial<ClientOptions>; readonly isUnix?: boolean }

/** `const withServer = serverFor(systemClock())`, then `await withServer({ jobs: { getJob } }, async ({ jobs }) => …)`. */
export function serverFor(clock: Clock) {
  return <T>(services: Services, use: (bed: TestBed) => Promise<T>, options: BedOptions = {}): Promise<T> =>
    useServer(clock, services, use, options)
}

async function useServer<T>(
  clock: Clock,
  services: Services,
  use: (bed: TestBed) => Promise<T>,
  options: BedOptions,
): Promise<T> {
  const metrics = createMetrics()
  const lines: LogLine[] = []
  const folder = mkdtempSync(join(tmpdir(), 'rpc-'))
  const { client: clientOptions, isUnix, ...serveOptions } = options
  const server = await serve({
    services: {
      'cloudless.v1.JobService': aJobService(services.jobs),
      'cloudless.v1.FleetService': aFleetService(services.fleet),
    },
    listen: isUnix === true ? { socketPath: join(folder, 's') } : { host: '127.0.0.1', port: 0 },
    clock,
    metrics,
    log: recordingLog(lines),
    ...serveOptions,
  })
  const jobs = openClient<JobServiceHandlers>('cloudless.v1.JobService', server.address, { clock, ...clientOptions })
  const fleet = openClient<FleetServiceHandlers>('cloudless.v1.FleetService', server.address, {
    clock,
    ...clientOptions,
  })
  try {
    return await use({ server, jobs, fleet, lines, metrics })
  } finally {
    jobs.close()
    fleet.close()
    await server.stop(0)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The error of a promise that must fail. */
export async function failure(promise: Promise<unknown>): Promise<CloudlessError> {
  const error = await promise.then(
    () => 'success',
    (reason: unknown) => reason,
  )
  assert(error instanceof CloudlessError, `expected a CloudlessError, not ${String(error)}`)
  return error
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of source) values.push(value)
  return values
}

/** Resolves when the call's signal is aborted, with the reason. */
export function abortOf(call: CallContext): Promise<unknown> {
  return new Promise((resolve) => call.signal.addEventListener('abort', () => resolve(call.signal.reason)))
}

function recordingLog(lines: LogLine[]): Log {
  const at =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      void lines.push({ level, fields, message })
  return { ...silentLog, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

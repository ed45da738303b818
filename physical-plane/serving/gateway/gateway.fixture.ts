// For tests: a gateway in this process with its real servers and files, and small real instances for it to ask.
import { mkdtempSync, rmSync, renameSync, writeFileSync, readFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js'
import { realClock as clock } from '#test/real-clock.ts'
import { silentLog } from '#runtime/log.ts'
import { gatewayConfig, type GatewayConfig } from './config.ts'
import type { RunPipeline } from './infer.ts'
import { openGateway, type OpenGateway } from './open-gateway.ts'
import type { RoutedFunction, RoutedInstance, Routes } from './routes.ts'
import { parseStatus, type GatewayStatus } from './status.ts'

export { clock }

export function aFunction(fields: Partial<RoutedFunction> = {}): RoutedFunction {
  return {
    id: 'f-1',
    name: 'echo',
    slo: null,
    timeoutMs: 5_000,
    queueMax: 0,
    atMostOnce: false,
    batchMax: 8,
    instances: [],
    ...fields,
  }
}

export type TestGateway = AsyncDisposable & {
  readonly open: OpenGateway
  readonly routesPath: string
  route(routes: Partial<Routes>): Promise<void>
  status(): GatewayStatus
}

export async function aGateway(config: Partial<GatewayConfig> = {}, runPipeline?: RunPipeline): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudless-gateway-'))
  const routesPath = join(folder, 'routes.json')
  const statusPath = join(folder, 'status.json')
  const any = { host: '127.0.0.1', port: 0 }
  const open = await openGateway({
    clock,
    log: silentLog,
    version: 'test',
    http: any,
    grpc: any,
    advertiseHost: '127.0.0.1',
    routesPath,
    statusPath,
    pid: process.pid,
    config: { ...gatewayConfig, ...config },
    ...(runPipeline === undefined ? {} : { runPipeline }),
  })
  let revision = 0
  return {
    open,
    routesPath,
    route: async (routes) => {
      revision += 1
      const whole: Routes = { functions: [], pipelines: [], ...routes, revision }
      writeFileSync(`${routesPath}.new`, JSON.stringify(whole))
      renameSync(`${routesPath}.new`, routesPath)
      await until(`routes ${revision} are taken in`, () => open.gateway.revision === revision)
    },
    status: () => parseStatus(readFileSync(statusPath, 'utf8'))!,
    [Symbol.asyncDispose]: async () => {
      await open.stop()
      // Its last status may still be on its way there.
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
    },
  }
}

export type Given = { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: Buffer }
export type Reply = {
  readonly status?: number
  readonly body?: string | Buffer
  readonly headers?: Record<string, string>
}

export type Backend = AsyncDisposable & {
  readonly address: string
  readonly given: Given[]
  /** Connections that ended before their answer. */
  readonly aborted: () => number
  /** As a kill does: connections are cut, and nobody listens. */
  kill(): Promise<void>
}

/** An instance that answers with what `reply` resolves to. */
export async function aBackend(reply: (given: Given) => Reply | Promise<Reply> = echo, port = 0): Promise<Backend> {
  const given: Given[] = []
  let aborted = 0
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) }
    given.push(one)
    response.once('close', () => {
      if (!response.writableEnded) aborted += 1
    })
    const { status = 200, body = '{}', headers = {} } = await reply(one)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body)
  }
  const server = createServer((request, response) => void serve(request, response).catch(() => {}))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const kill = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return { address, given, aborted: () => aborted, kill, [Symbol.asyncDispose]: kill }
}

export function echo({ body }: Given): Reply {
  return { body }
}

export function anInstance(id: string, { address }: Pick<Backend, 'address'>, grpc = ''): RoutedInstance {
  return { id, attempt: 1, http: address, grpc }
}

export type GrpcBackend = AsyncDisposable & { readonly address: string; readonly cancelled: () => number }
type UnaryCall = ServerUnaryCall<Buffer, Buffer>

const same = (bytes: Buffer): Buffer => bytes

/** Answers ModelInfer with what `reply` does; the message as it came when absent. */
export async function aGrpcBackend(
  reply: (call: UnaryCall, answer: sendUnaryData<Buffer>) => void = (call, answer) => answer(null, call.request),
): Promise<GrpcBackend> {
  const server = new Server()
  let cancelled = 0
  const method = {
    path: '/inference.GRPCInferenceService/ModelInfer',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
  const infer = (call: UnaryCall, answer: sendUnaryData<Buffer>): void => {
    call.on('cancelled', () => {
      cancelled += 1
    })
    reply(call, answer)
  }
  server.addService({ ModelInfer: method }, { ModelInfer: infer })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return {
    address: `127.0.0.1:${port}`,
    cancelled: () => cancelled,
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown()
      await Promise.resolve()
    },
  }
}

export type HttpAnswer = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Ask = {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
}

/** A connection of its own, as `fetch` would hide what becomes of it. */
export function ask(
  { open }: TestGateway,
  path: string,
  { method = 'POST', headers = {}, body = '', signal }: Ask = {},
) {
  return new Promise<HttpAnswer>((resolve, reject) => {
    const given = signal === undefined ? {} : { signal }
    const sent = httpRequest(`http://${open.http}${path}`, { method, headers, agent: false, ...given }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers: answered } = response
        resolve({ status: statusCode, headers: answered, body: Buffer.concat(chunks).toString('utf8') })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

export type GrpcAnswer = {
  readonly code: number
  readonly details: string
  readonly bytes: Buffer
  readonly pushBack: string
  /** What came before the answer and behind it. */
  readonly initial: Metadata
  readonly trailing: Metadata
}

export function askGrpc(
  { open }: TestGateway,
  method: string,
  bytes: Buffer,
  { deadlineMs = 5_000, cancelAfterMs = 0 } = {},
): Promise<GrpcAnswer> {
  const client = new Client(open.grpc, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 })
  return new Promise<GrpcAnswer>((resolve) => {
    const path = `/inference.GRPCInferenceService/${method}`
    const options = { deadline: clock.now() + deadlineMs }
    let initial = new Metadata()
    let [details, bytesBack]: [string, Buffer] = ['', Buffer.alloc(0)]
    const call = client.makeUnaryRequest(path, same, same, bytes, new Metadata(), options, (error, answer) => {
      details = error?.details ?? ''
      bytesBack = answer ?? bytesBack
    })
    call.on('metadata', (metadata) => (initial = metadata))
    call.on('status', ({ code, metadata: trailing }) => {
      client.close()
      const pushBack = String(trailing.get('grpc-retry-pushback-ms')[0] ?? '')
      resolve({ code, details, bytes: bytesBack, pushBack, initial, trailing })
    })
    if (cancelAfterMs > 0) clock.after(cancelAfterMs, () => call.cancel())
  })
}

/** A message with this in field 1 and, after it, `rest` as field 7. */
export function message(name: string, rest = ''): Buffer {
  const field = (tag: number, text: string): Buffer => Buffer.from([tag, text.length, ...Buffer.from(text)])
  return Buffer.concat([field(0x0a, name), ...(rest === '' ? [] : [field(0x3a, rest)])])
}

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endsAtMs = clock.monotonicMs() + 5_000
  while (!(await isSo())) {
    if (clock.monotonicMs() > endsAtMs) throw new Error(`waited in vain until ${what}`)
    await clock.sleep(5)
  }
}

// Clients of the Open Inference Protocol as any user would make them: of the protocol's file and a library, none of our own plumbing.
import { join } from 'node:path'
import { credentials, loadPackageDefinition, type Client, type ServiceError } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { clock } from './cluster.fixture.ts'

export type HttpAnswer = {
  readonly status: number
  /** By output. */
  readonly data: Readonly<Record<string, readonly number[]>>
  readonly error: string
}

/** One tensor, all of its rows with as many values. */
export async function inferHttp(
  address: string,
  model: string,
  rows: readonly (readonly number[])[],
  timeoutMs = 30_000,
): Promise<HttpAnswer> {
  const x = { name: 'x', shape: [rows.length, rows[0]?.length ?? 0], datatype: 'FP32', data: rows.flat() }
  const response = await fetch(`http://${address}/v2/models/${model}/infer`, {
    method: 'POST',
    headers: { 'x-request-timeout-ms': String(timeoutMs) },
    body: JSON.stringify({ inputs: [x] }),
    signal: AbortSignal.timeout(timeoutMs + 5_000),
  })
  const { outputs = [], error = '' } = (await response.json()) as {
    outputs?: { name: string; data: number[] }[]
    error?: string
  }
  return { status: response.status, data: Object.fromEntries(outputs.map(({ name, data }) => [name, data])), error }
}

export type GrpcAnswer = {
  readonly outputs: readonly { readonly name: string; readonly contents: unknown }[]
  readonly raw_output_contents: readonly Buffer[]
}

/** Close it with `close()`. */
export function grpcClient(address: string): Client {
  const file = join(import.meta.dirname, '../../proto/inference/grpc_service.proto')
  const { inference } = loadPackageDefinition(loadSync(file, { keepCase: true, longs: Number })) as unknown as {
    inference: { GRPCInferenceService: new (address: string, creds: unknown) => Client }
  }
  return new inference.GRPCInferenceService(address, credentials.createInsecure())
}

export function inferGrpc(client: Client, request: object, timeoutMs = 20_000): Promise<GrpcAnswer> {
  const call = client as Client & {
    ModelInfer(request: object, options: object, done: (error: ServiceError | null, answer: GrpcAnswer) => void): void
  }
  return new Promise((resolve, reject) => {
    call.ModelInfer(request, { deadline: clock.now() + timeoutMs }, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    )
  })
}

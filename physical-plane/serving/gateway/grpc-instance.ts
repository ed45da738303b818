// Asks an instance over gRPC on one connection. Messages go through as the bytes that they are; only their model's name was read.
import { credentials, Client, Metadata, status, type StatusObject } from '@grpc/grpc-js'
import type { Clock } from '#runtime/clock.ts'
import type { GatewayConfig } from './config.ts'
import type { InferBody } from './infer.ts'
import { entriesOf } from './grpc-metadata.ts'
import {
  outputTokensKey,
  tokensOf,
  type InstanceAnswer,
  type InstanceClient,
  type MetadataEntry,
  type SendListener,
} from './instance-client.ts'

export const grpcMethods = {
  infer: '/inference.GRPCInferenceService/ModelInfer',
  metadata: '/inference.GRPCInferenceService/ModelMetadata',
} as const

const same = (bytes: Buffer): Buffer => bytes

export class GrpcInstance implements InstanceClient {
  readonly #client: Client
  readonly #clock: Pick<Clock, 'now'>

  constructor(address: string, config: GatewayConfig, clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.service_config_disable_resolution': 1,
      'grpc.enable_http_proxy': 0,
      'grpc.max_receive_message_length': config.answerBytesMax,
      'grpc.max_send_message_length': config.answerBytesMax,
      'grpc.initial_reconnect_backoff_ms': config.suspectMs,
      'grpc.max_reconnect_backoff_ms': config.suspectMsMax,
      // The protocol's 64 KiB would make every larger tensor wait for its way back.
      'grpc-node.flow_control_window': 4 * 2 ** 20,
    })
  }

  send(_modelName: string, body: InferBody, leftMs: number, listener: SendListener): () => void {
    return this.call(grpcMethods.infer, body.bytes, leftMs, listener)
  }

  call(path: string, bytes: Buffer, leftMs: number, listener: SendListener): () => void {
    let isOver = false
    const options = { deadline: this.#clock.now() + Math.max(1, leftMs) }
    let initial: readonly MetadataEntry[] = []
    let answered: Buffer = noBytes
    const call = this.#client.makeUnaryRequest(path, same, same, bytes, new Metadata(), options, (_error, answer) => {
      answered = answer ?? noBytes
    })
    call.on('metadata', (metadata) => {
      initial = entriesOf(metadata)
    })
    // Comes last, with what the instance says behind its answer.
    call.on('status', (ended) => {
      if (isOver) return
      isOver = true
      // Cancelled, and not by us: a server that goes takes its calls along.
      if (ended.code === status.UNAVAILABLE || ended.code === status.CANCELLED)
        return listener.onFailure(failureOf(ended))
      listener.onAnswer(answerOf(ended, answered, initial))
    })
    return () => {
      if (isOver) return
      isOver = true
      call.cancel()
    }
  }

  close(): void {
    this.#client.close()
  }
}

const noBytes = Buffer.alloc(0)

function answerOf(
  { code, details, metadata }: StatusObject,
  bytes: Buffer,
  initial: readonly MetadataEntry[],
): InstanceAnswer {
  const trailing = entriesOf(metadata)
  const told = trailing.find(({ key }) => key === outputTokensKey)?.values[0]
  return {
    bytes,
    jsonBytes: null,
    httpStatus: 200,
    grpcStatus: code,
    text: code === status.OK ? '' : details,
    retryAfter: '',
    outputTokens: typeof told === 'string' ? tokensOf(told) : null,
    metadata: initial.length + trailing.length === 0 ? null : { initial, trailing },
  }
}

/** Our instances say UNAVAILABLE themselves while they load or end; whatever says it of a connection names it. */
function failureOf({ code, details }: StatusObject): { kind: 'unsent' | 'not-taken' | 'died'; because: string } {
  if (/^(No connection established|Name resolution failed)/.test(details)) return { kind: 'unsent', because: details }
  const isConnection =
    code === status.CANCELLED || /connection|ECONN|EPIPE|RST_STREAM|socket|GOAWAY|call ended without/i.test(details)
  return { kind: isConnection ? 'died' : 'not-taken', because: details }
}

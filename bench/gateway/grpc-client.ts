// ModelInfer over a few gRPC channels.
import { Client, credentials, status } from '@grpc/grpc-js'
import type { Ask } from './http-client.ts'

const same = (bytes: Buffer): Buffer => bytes
const path = '/inference.GRPCInferenceService/ModelInfer'

/** Statuses as HTTP's, so that both can be counted alike. */
export function grpcAsk(address: string, message: Buffer, channels: number): Ask {
  const clients = Array.from(
    { length: channels },
    () => new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 }),
  )
  let turn = 0
  return (done) => {
    const client = clients[(turn += 1) % channels]!
    client.makeUnaryRequest(path, same, same, message, (error) => {
      if (error === null) done(200)
      else done(error.code === status.RESOURCE_EXHAUSTED ? 429 : 0)
    })
  }
}

/** ModelInferRequest of one FP32 tensor [1, 4] with raw contents: model_name 1, inputs 5 (name 1, datatype 2, shape 3), raw 7. */
export function inferMessage(model: string): Buffer {
  const field = (number: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
  const tensor = Buffer.concat([
    field(1, Buffer.from('x')),
    field(2, Buffer.from('FP32')),
    field(3, Buffer.from([1, 4])),
  ])
  return Buffer.concat([field(1, Buffer.from(model)), field(5, tensor), field(7, Buffer.alloc(16))])
}

import { join } from 'node:path'
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader'
import { assert as check, property, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  aFunction,
  aGateway,
  aGrpcBackend,
  anInstance,
  askGrpc,
  clock,
} from '#physical-plane/serving/gateway/gateway.fixture.ts'
import { GatewayFault } from '#physical-plane/serving/gateway/fault.ts'
import type { InferBody, RoutedPipeline } from '#physical-plane/serving/gateway/infer.ts'
import { grpcTensors } from './grpc-tensors.ts'
import { pipelineRunner } from './run-pipeline.ts'

type Contents = Readonly<Record<string, readonly (number | bigint | boolean | Buffer | string)[]>>
type TensorMessage = {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly contents?: Contents
}
type RequestMessage = {
  readonly modelName: string
  readonly id?: string
  readonly parameters?: object
  readonly inputs: readonly TensorMessage[]
  readonly outputs?: readonly { readonly name: string }[]
  readonly rawInputContents?: readonly Buffer[]
}
type AnswerMessage = {
  readonly modelName: string
  readonly id?: string
  readonly outputs: readonly TensorMessage[]
  readonly rawOutputContents?: readonly Buffer[]
}

/** The protocol as another implementation reads and writes it. */
const protocol = loadSync('inference/grpc_service.proto', {
  keepCase: false,
  longs: String,
  includeDirs: [join(import.meta.dirname, '../../../../proto')],
})
const messageOf = <M>(name: string): MessageTypeDefinition<M, M> =>
  protocol[`inference.${name}`] as unknown as MessageTypeDefinition<M, M>
const requests = messageOf<RequestMessage>('ModelInferRequest')
const answers = messageOf<AnswerMessage>('ModelInferResponse')
const written = <M>(type: MessageTypeDefinition<M, M>, message: M): Buffer => Buffer.from(type.serialize(message))
const read = <M>(type: MessageTypeDefinition<M, M>, bytes: Buffer): M => type.deserialize(bytes)
const grpc = (bytes: Buffer): InferBody => ({ protocol: 'grpc', bytes, jsonBytes: null })

const floats = (...values: readonly number[]): Buffer => Buffer.from(Float32Array.from(values).buffer)

describe('a pipeline over gRPC', () => {
  test('outputs become inputs of another name, as they are', async () => {
    const seen: RequestMessage[] = []
    await using twice = await aGrpcBackend((call, answer) => {
      const request = read(requests, call.request)
      seen.push(request)
      const values = new Float32Array(new Uint8Array(request.rawInputContents![0]!).buffer)
      const outputs = [{ name: 'y', datatype: 'FP32', shape: [values.length] }]
      const raw = [floats(...values.map((value) => 2 * value))]
      answer(null, written(answers, { modelName: 'double', outputs, rawOutputContents: raw }))
    })
    await using gateway = await aGateway({}, pipelineRunner({ clock }))
    const stages = [
      { name: 'one', function: 'double', after: [], inputs: {} },
      { name: 'two', function: 'double', after: ['one'], inputs: { x: 'one.y', image: 'x' } },
    ]
    const pipeline: RoutedPipeline = { id: 'p', name: 'look', stages, slo: null, timeoutMs: 5_000 }
    const instances = [anInstance('i', { address: '127.0.0.1:1' }, twice.address)]
    await gateway.route({ functions: [aFunction({ name: 'double', instances })], pipelines: [pipeline] })
    const request = {
      modelName: 'look',
      id: '7',
      parameters: { speed: { stringParam: 'fast' } },
      inputs: [{ name: 'x', datatype: 'FP32', shape: [3] }],
      rawInputContents: [floats(1, 2.5, -3)],
    }
    const { code, bytes, details } = await askGrpc(gateway, 'ModelInfer', written(requests, request))
    expect([code, details]).toEqual([0, ''])
    expect(read(answers, bytes)).toEqual({
      modelName: 'look',
      modelVersion: '1',
      id: '7',
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['3'] }],
      rawOutputContents: [floats(4, 10, -12)],
    })
    expect(seen[0]).toMatchObject({ modelName: 'double', id: '7', parameters: { speed: { stringParam: 'fast' } } })
    expect(seen[1]!.inputs.map(({ name }) => name)).toEqual(['x', 'image'])
    expect(seen[1]!.rawInputContents).toEqual([floats(2, 5, -6), floats(1, 2.5, -3)])
  })

  test('a stage that refuses keeps its status', async () => {
    await using wrong = await aGrpcBackend((_call, answer) => answer({ code: 3, details: 'no numbers' }))
    await using gateway = await aGateway({}, pipelineRunner({ clock }))
    const stages = [{ name: 'one', function: 'double', after: [], inputs: {} }]
    const pipeline: RoutedPipeline = { id: 'p', name: 'look', stages, slo: null, timeoutMs: 5_000 }
    const instances = [anInstance('i', { address: '127.0.0.1:1' }, wrong.address)]
    await gateway.route({ functions: [aFunction({ name: 'double', instances })], pipelines: [pipeline] })
    const request = {
      modelName: 'look',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }],
      rawInputContents: [floats(1)],
    }
    const { code, details } = await askGrpc(gateway, 'ModelInfer', written(requests, request))
    expect([code, details]).toEqual([3, 'stage one (double): no numbers'])
  })
})

describe('tensors in messages', () => {
  const rawOf = (datatype: string, contents: Contents): Buffer => {
    // Beside a raw tensor, contents have to become raw too.
    const other = { name: 'r', datatype: 'UINT8', shape: [1] }
    const given = written(answers, { modelName: 'm', outputs: [{ name: 'c', datatype, shape: [1], contents }] })
    const raw = written(answers, { modelName: 'm', outputs: [other], rawOutputContents: [Buffer.from([9])] })
    const tensors = [...grpcTensors.readAnswer(grpc(given)), ...grpcTensors.readAnswer(grpc(raw))]
    const request = grpcTensors.readRequest(grpc(written(requests, { modelName: 'p', inputs: [] })))
    const message = read(requests, grpcTensors.writeRequest('f', request, tensors, false).bytes)
    expect(message.modelName).toBe('f')
    expect(message.inputs.map(({ name, contents: left }) => [name, left])).toEqual([
      ['c', undefined],
      ['r', undefined],
    ])
    expect(message.rawInputContents![1]).toEqual(Buffer.from([9]))
    return message.rawInputContents![0]!
  }

  test.each<[string, Contents, readonly number[]]>([
    ['BOOL', { boolContents: [true, false] }, [1, 0]],
    ['INT8', { intContents: [-1, 127] }, [255, 127]],
    ['INT16', { intContents: [-2, 258] }, [254, 255, 2, 1]],
    ['INT32', { intContents: [-1, 1] }, [255, 255, 255, 255, 1, 0, 0, 0]],
    ['INT64', { int64Contents: ['-2'] }, [254, 255, 255, 255, 255, 255, 255, 255]],
    ['UINT8', { uintContents: [200] }, [200]],
    ['UINT32', { uintContents: [4_294_967_295] }, [255, 255, 255, 255]],
    ['UINT64', { uint64Contents: ['18446744073709551615'] }, [255, 255, 255, 255, 255, 255, 255, 255]],
    ['FP32', { fp32Contents: [1, -2.5] }, [...floats(1, -2.5)]],
    ['FP64', { fp64Contents: [0.1] }, [...Buffer.from(Float64Array.of(0.1).buffer)]],
    ['BYTES', { bytesContents: [Buffer.from('ab'), Buffer.from('')] }, [2, 0, 0, 0, 97, 98, 0, 0, 0, 0]],
  ])('contents of %s as raw bytes', (datatype, contents, expected) => {
    expect([...rawOf(datatype, contents)]).toEqual(expected)
  })

  test('a number that its type can not hold is refused, and a type that has no contents', () => {
    expect(() => rawOf('INT8', { intContents: [300] })).toThrow('tensor "c" has a number that INT8 can not hold')
    expect(() => rawOf('FP16', {})).toThrow('tensor "c" of type "FP16" can only be sent as raw contents')
  })

  test('contents stay as they are where nothing is raw', () => {
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [2], contents: { fp32Contents: [1, 2] } }]
    const request = grpcTensors.readRequest(
      grpc(written(requests, { modelName: 'p', inputs, outputs: [{ name: 'o' }] })),
    )
    expect(request.wanted).toEqual(['o'])
    const renamed = request.tensors.map((tensor) => ({ ...tensor, name: 'z' }))
    const message = read(requests, grpcTensors.writeRequest('f', request, renamed, true).bytes)
    expect(message).toEqual({
      modelName: 'f',
      inputs: [{ name: 'z', datatype: 'FP32', shape: ['2'], contents: { fp32Contents: [1, 2] } }],
    })
  })

  test.each<[string, Buffer, string]>([
    ['a field that ends too late', Buffer.from([0x2a, 9, 1]), 'ends in the middle of a field'],
    ['a group', Buffer.from([0x0b]), 'a field of kind 3 at byte 0'],
    ['a number without an end', Buffer.from([0x2a, 0xff, 0xff]), 'that does not end'],
    ['a tensor without a name', Buffer.from([0x2a, 0]), 'inputs[0].name: is ""; name the tensor'],
    ['raw contents for nobody', Buffer.from([0x3a, 1, 5]), '0 tensors and 1 raw contents'],
  ])('refuses %s', (_what, bytes, error) => {
    expect(() => grpcTensors.readRequest(grpc(bytes))).toThrow(error)
  })

  test('bytes of any kind are read or refused, never more', () => {
    check(
      property(uint8Array({ maxLength: 60 }), (bytes) => {
        let thrown: unknown = null
        try {
          grpcTensors.readRequest(grpc(Buffer.from(bytes)))
        } catch (error) {
          thrown = error
        }
        expect(thrown === null || thrown instanceof GatewayFault).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})

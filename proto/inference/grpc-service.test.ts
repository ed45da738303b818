// Names and numbers of the Open Inference Protocol as KServe publishes them (docs/predict-api/v2/grpc_predict_v2.proto): with others no
// client that was made of that file would understand us.
import { join } from 'node:path'
import { loadSync, type MessageTypeDefinition, type ServiceDefinition } from '@grpc/proto-loader'
import { expect, test } from 'vitest'

const definitions = loadSync(join(import.meta.dirname, 'grpc_service.proto'), { keepCase: true })

type Described = {
  readonly field: readonly { readonly name: string; readonly number: number; readonly type: string }[]
  readonly nestedType: readonly ({ readonly name: string } & Described)[]
}

const tensor = 'name=1:string datatype=2:string shape=3:int64'
const published: Readonly<Record<string, string>> = {
  ServerLiveResponse: 'live=1:bool',
  ServerReadyResponse: 'ready=1:bool',
  ModelReadyRequest: 'name=1:string version=2:string',
  ModelReadyResponse: 'ready=1:bool',
  ServerMetadataResponse: 'name=1:string version=2:string extensions=3:string',
  ModelMetadataRequest: 'name=1:string version=2:string',
  ModelMetadataResponse: 'name=1:string versions=2:string platform=3:string inputs=4:message outputs=5:message',
  'ModelMetadataResponse.TensorMetadata': tensor,
  ModelInferRequest:
    'model_name=1:string model_version=2:string id=3:string parameters=4:message inputs=5:message outputs=6:message raw_input_contents=7:bytes',
  'ModelInferRequest.InferInputTensor': `${tensor} parameters=4:message contents=5:message`,
  'ModelInferRequest.InferRequestedOutputTensor': 'name=1:string parameters=2:message',
  ModelInferResponse:
    'model_name=1:string model_version=2:string id=3:string parameters=4:message outputs=5:message raw_output_contents=6:bytes',
  'ModelInferResponse.InferOutputTensor': `${tensor} parameters=4:message contents=5:message`,
  InferParameter: 'bool_param=1:bool int64_param=2:int64 string_param=3:string',
  InferTensorContents:
    'bool_contents=1:bool int_contents=2:int32 int64_contents=3:int64 uint_contents=4:uint32 uint64_contents=5:uint64 fp32_contents=6:float fp64_contents=7:double bytes_contents=8:bytes',
}

/** A message's own are described within it. */
function described(name: string): Described {
  const [outer = '', inner] = name.split('.')
  const own = (definitions[`inference.${outer}`] as MessageTypeDefinition<object, object>).type as Described
  return inner === undefined ? own : own.nestedType.find((nested) => nested.name === inner)!
}

test.each(Object.entries(published))('%s has the published fields', (name, fields) => {
  const ours = described(name).field.map((each) => {
    return `${each.name}=${each.number}:${each.type.replace('TYPE_', '').toLowerCase()}`
  })
  expect(ours).toEqual(expect.arrayContaining(fields.split(' ')))
})

test('the service has the published methods', () => {
  const service = definitions['inference.GRPCInferenceService'] as ServiceDefinition
  const paths = Object.values(service).map(({ path }) => path)
  const names = ['ServerLive', 'ServerReady', 'ModelReady', 'ServerMetadata', 'ModelMetadata', 'ModelInfer']
  expect(paths).toEqual(names.map((name) => `/inference.GRPCInferenceService/${name}`))
})

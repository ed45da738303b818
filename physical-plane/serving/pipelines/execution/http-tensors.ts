// Tensors of the HTTP form: in the JSON, or by the binary extension behind it. Between stages they go as bytes, which costs neither side
// the writing and reading of numbers; the last stage is asked for what the client asked for.
import type { InferBody } from '#physical-plane/serving/gateway/infer.ts'
import { malformed, namedOnce, shown, type PipelineProtocol, type Tensor } from './tensors.ts'

type JsonObject = Readonly<Record<string, unknown>>
type HttpTensor = Tensor<JsonObject>
/** Whether a client wants bytes for some of its outputs: then it gets them for all. */
type HttpRest = { readonly fields: JsonObject; readonly wantsBytes: boolean }

export const httpTensors: PipelineProtocol<JsonObject> = {
  readRequest: (body) => {
    const { json, tail } = opened(body)
    const { inputs, outputs = [], id, parameters = {} } = json
    if (id !== undefined && typeof id !== 'string') throw malformed(`id: is ${shown(id)}; send a string`)
    if (!isObject(parameters)) throw malformed(`parameters: is ${shown(parameters)}; send an object`)
    if (!Array.isArray(outputs) || !outputs.every(isNamed))
      throw malformed(`outputs: is ${shown(outputs)}; send a list of objects with a name`)
    const { binary_data_output: allBytes = false, ...others } = parameters
    const wantsBytes = allBytes === true || outputs.some((output) => parametersOf(output)['binary_data'] === true)
    const fields = { ...(id === undefined ? {} : { id }), parameters: others }
    return {
      tensors: namedOnce(tensorsOf('inputs', inputs, tail)),
      wanted: outputs.map(({ name }) => name),
      rest: { fields, wantsBytes } satisfies HttpRest,
    }
  },

  writeRequest: (_functionName, request, tensors, isLast) => {
    const { fields, wantsBytes } = request.rest as HttpRest
    const isBytes = !isLast || wantsBytes
    const parameters = { ...(fields['parameters'] as JsonObject), ...(isBytes ? { binary_data_output: true } : {}) }
    const shared = Object.keys(parameters).length === 0 ? {} : { parameters }
    return closed({ ...idOf(fields), ...shared }, 'inputs', tensors)
  },

  readAnswer: (body) => {
    const { json, tail } = opened(body)
    return tensorsOf('outputs', json['outputs'], tail)
  },

  writeAnswer: (pipelineName, request, tensors) => {
    const { fields } = request.rest as HttpRest
    return closed({ model_name: pipelineName, model_version: '1', ...idOf(fields) }, 'outputs', tensors)
  },
}

function opened({ bytes, jsonBytes }: InferBody): { readonly json: JsonObject; readonly tail: Buffer | null } {
  const end = jsonBytes ?? bytes.length
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8', 0, end))
  } catch (error) {
    throw malformed(`the body is no JSON: ${error instanceof Error ? error.message.slice(0, 100) : String(error)}`)
  }
  if (!isObject(json)) throw malformed(`the body is ${shown(json)}; send a JSON object`)
  return { json, tail: jsonBytes === null ? null : bytes.subarray(end) }
}

function tensorsOf(field: string, given: unknown, tail: Buffer | null): readonly HttpTensor[] {
  if (!Array.isArray(given)) throw malformed(`${field}: is ${shown(given)}; send a list of tensors`)
  let at = 0
  const tensors = given.map((each: unknown, place): HttpTensor => {
    if (!isNamed(each)) throw malformed(`${field}[${place}]: is ${shown(each)}; send an object with a name`)
    const { name, ...head } = each
    const { binary_data_size: size, ...others } = parametersOf(each)
    if (size === undefined) return { name, head, bytes: null }
    const left = (tail?.length ?? 0) - at
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > left)
      throw malformed(
        `${field}[${place}].parameters.binary_data_size: is ${shown(size)}; ${left} bytes are left behind the JSON`,
      )
    at += size
    return { name, head: { ...head, parameters: others }, bytes: tail!.subarray(at - size, at) }
  })
  if (tail !== null && at !== tail.length)
    throw malformed(`the body has ${tail.length - at} bytes behind its tensors; give each one's binary_data_size`)
  return tensors
}

function closed(fields: JsonObject, field: 'inputs' | 'outputs', tensors: readonly HttpTensor[]): InferBody {
  const told = tensors.map(({ name, head, bytes }) => {
    if (bytes === null) return { name, ...head }
    return { name, ...head, parameters: { ...parametersOf(head), binary_data_size: bytes.length } }
  })
  const json = Buffer.from(JSON.stringify({ ...fields, [field]: told }))
  const parts = tensors.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]))
  if (parts.length === 0) return { protocol: 'http', bytes: json, jsonBytes: null }
  return { protocol: 'http', bytes: Buffer.concat([json, ...parts]), jsonBytes: json.length }
}

function idOf({ id }: JsonObject): JsonObject {
  return id === undefined ? {} : { id }
}

function parametersOf(of: JsonObject): JsonObject {
  const { parameters } = of
  return isObject(parameters) ? parameters : {}
}

function isNamed(value: unknown): value is JsonObject & { readonly name: string } {
  return isObject(value) && typeof value['name'] === 'string' && value['name'] !== ''
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

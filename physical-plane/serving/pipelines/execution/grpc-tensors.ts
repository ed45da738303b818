// Tensors of the gRPC form. An output's message has the fields of an input's, so it is passed on as it came with another name. Values
// are contents of that message or raw bytes beside it; a request may not mix the two, so where stages differ contents become raw.
import type { InferBody } from '#physical-plane/serving/gateway/infer.ts'
import { rawOf } from './raw-contents.ts'
import { malformed, namedOnce, shown, type PipelineProtocol, type Tensor } from './tensors.ts'
import { bytesField, fieldsOf, textField, wireKinds, type Field } from './wire.ts'

/** Fields of the tensor's message but its name, as they came. */
type GrpcTensor = Tensor<readonly Field[]>

/** inference/grpc_service.proto. */
const requestFields = { model: 1, version: 2, id: 3, parameters: 4, tensors: 5, outputs: 6, raw: 7 } as const
const answerFields = { model: 1, version: 2, id: 3, parameters: 4, tensors: 5, raw: 6 } as const
const tensorFields = { name: 1, datatype: 2, contents: 5 } as const

export const grpcTensors: PipelineProtocol<readonly Field[]> = {
  readRequest: ({ bytes }) => {
    const fields = fieldsOf(bytes)
    const outputs = fields.filter(({ number }) => number === requestFields.outputs)
    return {
      tensors: namedOnce(tensorsOf('inputs', fields, requestFields)),
      wanted: outputs.map(({ content }, place) => nameIn(`outputs[${place}]`, fieldsOf(content))),
      // Its id and parameters.
      rest: fields.filter(({ number }) => number === requestFields.id || number === requestFields.parameters),
    }
  },

  writeRequest: (functionName, { rest }, tensors) => {
    const whole = (rest as readonly Field[]).map((field) => field.whole)
    return closed([...textField(requestFields.model, functionName), ...whole], tensors, requestFields)
  },

  readAnswer: ({ bytes }) => tensorsOf('outputs', fieldsOf(bytes), answerFields),

  writeAnswer: (pipelineName, { rest }, tensors) => {
    const id = (rest as readonly Field[]).flatMap((field) => (field.number === requestFields.id ? [field.whole] : []))
    const model = [...textField(answerFields.model, pipelineName), ...textField(answerFields.version, '1')]
    return closed([...model, ...id], tensors, answerFields)
  },
}

type Numbers = { readonly tensors: number; readonly raw: number }

function tensorsOf(what: string, fields: readonly Field[], numbers: Numbers): readonly GrpcTensor[] {
  const messages = fields.filter(({ number, kind }) => number === numbers.tensors && kind === wireKinds.bytes)
  const raw = fields.filter(({ number, kind }) => number === numbers.raw && kind === wireKinds.bytes)
  if (raw.length > 0 && raw.length !== messages.length)
    throw malformed(`${what}: ${messages.length} tensors and ${raw.length} raw contents; send as many`)
  return messages.map(({ content }, place) => {
    const own = fieldsOf(content)
    const name = nameIn(`${what}[${place}]`, own)
    const bytes = raw[place]?.content ?? null
    return { name, head: own.filter(({ number }) => number !== tensorFields.name), bytes }
  })
}

function nameIn(what: string, fields: readonly Field[]): string {
  const name = fields.findLast(({ number }) => number === tensorFields.name)?.content.toString('utf8') ?? ''
  if (name === '') throw malformed(`${what}.name: is ${shown(name)}; name the tensor`)
  return name
}

function closed(begin: readonly Buffer[], tensors: readonly GrpcTensor[], numbers: Numbers): InferBody {
  const isRaw = tensors.some(({ bytes }) => bytes !== null)
  const parts = [...begin]
  for (const { name, head } of tensors) {
    const kept = isRaw ? head.filter(({ number }) => number !== tensorFields.contents) : head
    parts.push(
      ...bytesField(numbers.tensors, [...textField(tensorFields.name, name), ...kept.map(({ whole }) => whole)]),
    )
  }
  if (isRaw)
    for (const { name, head, bytes } of tensors)
      parts.push(...bytesField(numbers.raw, [bytes ?? rawOf(name, datatypeIn(head), contentsIn(head))]))
  return { protocol: 'grpc', bytes: Buffer.concat(parts), jsonBytes: null }
}

function datatypeIn(head: readonly Field[]): string {
  return head.findLast(({ number }) => number === tensorFields.datatype)?.content.toString('latin1') ?? ''
}

function contentsIn(head: readonly Field[]): readonly Field[] {
  return head.filter(({ number }) => number === tensorFields.contents).flatMap(({ content }) => fieldsOf(content))
}

// What a pipeline needs of a protocol: to take requests and answers apart into tensors and to put them together again. A tensor's
// values stay the bytes, or the JSON, that they came as; only its name is looked at and changed.
import type { InferBody } from '#physical-plane/serving/gateway/infer.ts'
import { GatewayFault } from '#physical-plane/serving/gateway/fault.ts'

export type Tensor<Head> = {
  readonly name: string
  /** Everything else that the protocol says of it. */
  readonly head: Head
  /** Its values, where they stand apart from that. */
  readonly bytes: Buffer | null
}

export type PipelineRequest<Head> = {
  readonly tensors: readonly Tensor<Head>[]
  /** Outputs that the client wants; empty: all. */
  readonly wanted: readonly string[]
  /** What else it says, for every stage. */
  readonly rest: unknown
}

export interface PipelineProtocol<Head> {
  /** Refuses what is malformed. */
  readRequest(body: InferBody): PipelineRequest<Head>
  /** `isLast`: its answer is the client's, in the form that the client wants; otherwise values may come as bytes. */
  writeRequest(
    functionName: string,
    request: PipelineRequest<Head>,
    tensors: readonly Tensor<Head>[],
    isLast: boolean,
  ): InferBody
  readAnswer(body: InferBody): readonly Tensor<Head>[]
  writeAnswer(pipelineName: string, request: PipelineRequest<Head>, tensors: readonly Tensor<Head>[]): InferBody
}

export function malformed(text: string): GatewayFault {
  return new GatewayFault('malformed', text)
}

/** Each name once. */
export function namedOnce<Head>(tensors: readonly Tensor<Head>[]): readonly Tensor<Head>[] {
  const names = new Set<string>()
  for (const { name } of tensors) {
    if (names.has(name)) throw malformed(`tensor ${shown(name)} is there twice; name each once`)
    names.add(name)
  }
  return tensors
}

export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`
}

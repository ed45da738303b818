// How one instance is asked, whatever the protocol: bytes go there, and an answer or what became of it comes back.
import type { InferBody } from './infer.ts'

export type InstanceAnswer = {
  readonly bytes: Buffer
  readonly jsonBytes: number | null
  /** 200 and 0 are answers; everything else is how the instance refuses, told on as it came. */
  readonly httpStatus: number
  readonly grpcStatus: number
  readonly text: string
  readonly retryAfter: string
  /** Of the longest row, where it is made token by token and its instance counts them; null: nobody says. */
  readonly outputTokens: number | null
  /** What its instance says beside it over gRPC; null: nothing, and always over HTTP. */
  readonly metadata: AnswerMetadata | null
}

export type MetadataEntry = { readonly key: string; readonly values: readonly (string | Buffer)[] }
export type AnswerMetadata = { readonly initial: readonly MetadataEntry[]; readonly trailing: readonly MetadataEntry[] }

/** As an instance tells the tokens of an answer: a header over HTTP, trailing metadata over gRPC. */
export const outputTokensKey = 'x-output-tokens'

export function tokensOf(told: string): number | null {
  return /^\d{1,9}$/.test(told) ? Math.max(1, Number(told)) : null
}

export type Failure = {
  /** `unsent`: it never left; `not-taken`: the instance said that it takes none now; `died`: what became of it nobody knows. */
  readonly kind: 'unsent' | 'not-taken' | 'died'
  readonly because: string
}

export type SendListener = {
  readonly onAnswer: (answer: InstanceAnswer) => void
  readonly onFailure: (failure: Failure) => void
}

export interface InstanceClient {
  /** Tells the listener once, later and never at once, unless the returned function is called, which takes the request back. */
  send(modelName: string, body: InferBody, leftMs: number, listener: SendListener): () => void
  /** What goes on is let go. */
  close(): void
}

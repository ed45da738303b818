// Requests that are answered token by token, as language models do: an instance holds many at once (continuous batching). Step by step
// it reads the prompts of those that are new and then makes a few tokens of each; who has all of its tokens is answered, and others
// take its place before the next step.
import type { Batch, ReplayInstance } from './instance.ts'

export type TokenTimes = {
  /** Milliseconds for prompts of so many tokens together, at that quota. */
  readonly prefillMs: (instance: PlacedShape, promptTokens: number, quotaMilli: number) => number
  /** For one token of each of so many. */
  readonly decodeMs: (instance: PlacedShape, sequences: number, quotaMilli: number) => number
}

export type PlacedShape = { readonly deviceModel: string; readonly smMilli: number }

export type Generation = TokenTimes & {
  /** Of each request. */
  readonly promptTokens: Int32Array
  readonly outputTokens: Int32Array
  /** In milliseconds: a long answer may take longer. */
  readonly objectivesMs: Float64Array
}

/** A request and the tokens that it has yet to get. */
export type Sequence = { readonly request: number; readonly tokensLeft: number }

/** Tokens of each that one step makes at most; who comes meanwhile waits for its end. */
const stepTokensMax = 4

/** What an instance does next with who it holds and who is new; from now on it holds those who need more steps. */
export function nextStep(
  { promptTokens, outputTokens, prefillMs, decodeMs }: Generation,
  instance: ReplayInstance,
  newcomers: readonly number[],
): Batch {
  const fresh = newcomers.map((request): Sequence => ({ request, tokensLeft: Math.max(1, outputTokens[request]!) }))
  const all = [...instance.held, ...fresh]
  const tokens = all.reduce((least, { tokensLeft }) => Math.min(least, tokensLeft), stepTokensMax)
  const prompt = newcomers.reduce((sum, request) => sum + promptTokens[request]!, 0)
  const placed = { deviceModel: instance.seat.gpu.kind.model, smMilli: instance.shape.smMilli }
  const after = all.map(({ request, tokensLeft }) => ({ request, tokensLeft: tokensLeft - tokens }))
  instance.held = after.filter(({ tokensLeft }) => tokensLeft > 0)
  return {
    requests: after.filter(({ tokensLeft }) => tokensLeft <= 0).map(({ request }) => request),
    durationAt: (quotaMilli) =>
      (prompt === 0 ? 0 : prefillMs(placed, prompt, quotaMilli)) + tokens * decodeMs(placed, all.length, quotaMilli),
  }
}

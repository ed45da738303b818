// Llama2-70B on pairs of H100s, as Splitwise recorded it (ISCA'24, MIT): milliseconds to read a prompt and for one token of each of so many
// sequences. A pair is the device here, as the weights need two GPUs and nothing less holds them. Time on it that is shared is divided in
// proportion, and the pair's multiprocessors are not divided: nobody has recorded either.
//   prompts    linear in their tokens, those that are read together added up, as the table has it for batches
//   tokens     linear in the sequences; how long their contexts are matters little (4 % from 512 to 8,192 tokens) and is left out
//   objective  five times what the request takes alone on eight A100s, as Splitwise's for the 99th percentile
// Policies know how long the mean request of the first half hour takes among others of its kind.
import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import type { Generation, PlacedShape, TokenTimes } from '#physical-plane/serving/replay/generation.ts'
import type { LatencyModel } from '#physical-plane/serving/scaling/autoscaler.ts'
import { assert } from '#runtime/assert.ts'

export type Asked = { readonly atMs: number; readonly promptTokens: number; readonly outputTokens: number }

export const pair = {
  model: 'nvidia-h100-x2',
  gpus: 2,
  memoryBytes: 160e9,
  instanceMemoryBytes: 150e9,
  /** 140 GB of weights at 5 GB/s. */
  coldStartMs: 28_000,
  /** With more of them keys and values do not fit beside the weights. */
  batchMax: 32,
  slowdown: 5,
} as const

type Point = readonly [at: number, ms: number]
type Times = { readonly prefill: readonly Point[]; readonly decode: readonly Point[] }
type Row = Readonly<Record<string, string>>

export type LanguageModel = {
  readonly generationOf: (asked: readonly Asked[]) => Generation
  /** For requests like the mean of these. */
  readonly latencyOf: (asked: readonly Asked[]) => LatencyModel
  readonly meanObjectiveMs: (asked: readonly Asked[]) => number
}

export function languageModel(file: string): LanguageModel {
  const all = parse(readFileSync(file), { columns: true }) as Row[]
  const rows = all.filter((row) => row['model'] === 'llama2-70b')
  const own = timesOf(rows, 'h100-80gb', pair.gpus)
  const alone = timesOf(rows, 'a100-80gb', 8)
  const at = (points: readonly Point[], count: number, { smMilli }: PlacedShape, quotaMilli: number): number =>
    smMilli === 0 || smMilli === 1_000 ? linear(points, count) * (1_000 / quotaMilli) : Number.POSITIVE_INFINITY
  const times: TokenTimes = {
    prefillMs: (placed, tokens, quotaMilli) => at(own.prefill, tokens, placed, quotaMilli),
    decodeMs: (placed, sequences, quotaMilli) => at(own.decode, sequences, placed, quotaMilli),
  }
  const objectiveMs = ({ promptTokens, outputTokens }: Omit<Asked, 'atMs'>): number =>
    pair.slowdown * (linear(alone.prefill, promptTokens) + outputTokens * linear(alone.decode, 1))
  return {
    generationOf: (asked) => ({
      ...times,
      promptTokens: Int32Array.from(asked, ({ promptTokens }) => promptTokens),
      outputTokens: Int32Array.from(asked, ({ outputTokens }) => outputTokens),
      objectivesMs: Float64Array.from(asked, objectiveMs),
    }),
    latencyOf: (asked) => {
      const { promptTokens, outputTokens } = meanOf(asked)
      return (deviceModel, batch, { smMilli, requestMilli }) => {
        const placed = { deviceModel, smMilli }
        // While one is answered as many others' prompts are read as there are beside it.
        const prompts = batch * times.prefillMs(placed, promptTokens, requestMilli)
        return prompts + outputTokens * times.decodeMs(placed, batch, requestMilli)
      }
    },
    meanObjectiveMs: (asked) => objectiveMs(meanOf(asked)),
  }
}

function meanOf(asked: readonly Asked[]): Omit<Asked, 'atMs'> {
  const mean = (of: (one: Asked) => number): number => asked.reduce((sum, one) => sum + of(one), 0) / asked.length
  return { promptTokens: mean((one) => one.promptTokens), outputTokens: mean((one) => one.outputTokens) }
}

function timesOf(rows: readonly Row[], hardware: string, gpus: number): Times {
  const own = rows.filter((row) => row['hardware'] === hardware && Number(row['tensor_parallel']) === gpus)
  assert(own.length > 0, `nothing was recorded on ${gpus} of ${hardware}`)
  const points = (of: readonly Row[], by: string, figure: string): readonly Point[] =>
    [...Map.groupBy(of, (row) => Number(row[by]))]
      .map(([count, same]): Point => [count, median(same.map((row) => Number(row[figure])))])
      .toSorted((a, b) => a[0] - b[0])
  const single = own.filter((row) => row['batch_size'] === '1' && row['token_size'] === '128')
  // What did not fit into two GPUs was recorded as quicker than half of it.
  const batched = own.filter((row) => row['prompt_size'] === '512' && Number(row['batch_size']) <= pair.batchMax)
  return {
    prefill: points(single, 'prompt_size', 'prompt_time'),
    decode: points(batched, 'batch_size', 'token_time'),
  }
}

/** Below the first point as there, beyond the last one in proportion. */
function linear(points: readonly Point[], at: number): number {
  const above = points.findIndex(([count]) => count >= at)
  const [lastAt, lastMs] = points.at(-1)!
  if (above === -1) return (lastMs * at) / lastAt
  const [highAt, highMs] = points[above]!
  if (above === 0) return highMs
  const [lowAt, lowMs] = points[above - 1]!
  return lowMs + ((highMs - lowMs) * (at - lowAt)) / (highAt - lowAt)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

// The loads of the comparison, each of one or more functions on the same GPUs.
//   has_rps, has_stress   HAS-GPU's own 250 s, four models at once; spaced evenly as its client does, and at random
//   twitter_*             hours of a per-second trace of three weeks: the quietest, the steepest and the most bursty one
//   llm_conv, llm_code    prompts and answers of two services of language models (Azure 2023), token by token (language-model.ts)
//   azure_functions       the calls of a sample in the form of Azure's functions of 2021 to functions that may have no instance. 199 calls
//                         in twenty minutes are a check that nothing goes wrong at next to no load, and no measurement
// Hours and seeds are taken twice, by the same rule: from the days that constants were chosen on, and from later ones.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { arrivalsByRate, toldArrivals, type Spacing } from '#physical-plane/serving/replay/arrivals.ts'
import type { Generation } from '#physical-plane/serving/replay/generation.ts'
import { seededRandom } from '#runtime/random.ts'
import { languageModel, type Asked } from './language-model.ts'
import type { ServedModel } from './surfaces.ts'
import { language, seldom, vision, type World } from './worlds.ts'

export type Load = {
  readonly model: string
  readonly arrivalsMs: Float64Array
  /** The rate that one second in a hundred passes. */
  readonly peakPerSecond: number
  /** Instead of the recorded surface of that model, with the objective of all. */
  readonly served?: ServedModel & { readonly sloMs: number; readonly generation: Generation }
}

export type Trace = {
  readonly name: string
  readonly lengthMs: number
  readonly world: World
  readonly loads: readonly Load[]
}

/** Train: what constants were chosen on. */
export type Part = 'train' | 'test'

const hour = 3_600
const trainSeconds = 11 * 86_400
const hasModels = ['resnet50', 'mobilenet_v3_large', 'convnext_large', 'shufflenet_v2_x1_0']
const seedOf = { train: 1, test: 1_001 } as const

export const tracedModels: readonly string[] = hasModels

export function neededFiles(folder: string): readonly string[] {
  return [
    'arrivals/hasgpu_rps.json',
    'arrivals/hasgpu_stress.json',
    'arrivals/twitter_rps.txt.gz',
    'azure-llm-2023/AzureLLMInferenceTrace_conv.csv',
    'azure-llm-2023/AzureLLMInferenceTrace_code.csv',
    'arrivals/azure2021_sample200.csv',
    'profiles/rapp_v100_latency.csv',
    'profiles/splitwise_llm_perf.csv',
  ].filter((name) => !existsSync(join(folder, name)))
}

/** Another seed than the part's own draws other arrivals at the same rates. */
export function traces(folder: string, part: Part, seed: number = seedOf[part]): readonly Trace[] {
  return [
    ...hasTraces(folder, seed),
    ...twitterTraces(folder, part, seed),
    ...llmTraces(folder, part),
    azureTrace(folder),
  ]
}

function hasTraces(folder: string, seed: number): readonly Trace[] {
  return ['rps', 'stress'].flatMap((shape) => {
    const text = readFileSync(join(folder, `arrivals/hasgpu_${shape}.json`), 'utf8')
    const rates = (JSON.parse(text) as { processed_request_counts: readonly number[] }).processed_request_counts
    return (['even', 'poisson'] as const).map((spacing) => {
      const loads = hasModels.map((model, i) => loadOf(model, rates, 5_000, spacing, seed + i))
      return { name: `has_${shape}_${spacing}`, lengthMs: rates.length * 5_000, world: vision, loads }
    })
  })
}

function twitterTraces(folder: string, part: Part, seed: number): readonly Trace[] {
  const all = gunzipSync(readFileSync(join(folder, 'arrivals/twitter_rps.txt.gz')))
    .toString()
    .trim()
    .split('\n')
    .map(Number)
  const [from, until] = part === 'train' ? [0, trainSeconds] : [trainSeconds, all.length]
  const hours: (readonly number[])[] = []
  for (let at = from; at + hour <= until; at += hour) hours.push(all.slice(at, at + hour))
  // Gaps of the recording are no quiet hours.
  const whole = hours.filter((rates) => rates.every((rate) => rate > 0))
  const pick = (name: string, score: (rates: readonly number[]) => number): readonly Trace[] => {
    const rates = whole.reduce((best, each) => (score(each) > score(best) ? each : best))
    return [
      // A large model as it is, and a small one at four times the rate.
      ['convnext_large', 1] as const,
      ['resnet50', 4] as const,
    ].map(([model, times], i) => {
      const scaled = rates.map((rate) => times * rate)
      const loads = [loadOf(model, scaled, 1_000, 'poisson', seed + 10 + i)]
      return { name: `twitter_${name}_${model}`, lengthMs: hour * 1_000, world: vision, loads }
    })
  }
  const half = hour / 2
  return [
    ...pick('quiet', (rates) => -mean(rates)),
    ...pick('ramp', (rates) => mean(rates.slice(half)) / mean(rates.slice(0, half))),
    ...pick('burst', (rates) => Math.max(...rates) / mean(rates)),
  ]
}

/** The first half hour of each, and the second one; what policies know is of the first one. */
function llmTraces(folder: string, part: Part): readonly Trace[] {
  const lengthMs = (hour * 1_000) / 2
  const model = languageModel(join(folder, 'profiles/splitwise_llm_perf.csv'))
  return ['conv', 'code'].map((kind) => {
    const all = askedOf(readFileSync(join(folder, `azure-llm-2023/AzureLLMInferenceTrace_${kind}.csv`), 'utf8'))
    const profiled = all.filter(({ atMs }) => atMs < lengthMs)
    const fromMs = part === 'train' ? 0 : lengthMs
    const asked = all
      .filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + lengthMs)
      .map((one) => ({ ...one, atMs: one.atMs - fromMs }))
    const served = {
      truth: model.latencyOf(asked),
      known: model.latencyOf(profiled),
      generation: model.generationOf(asked),
      sloMs: model.meanObjectiveMs(profiled),
    }
    const arrivalsMs = Float64Array.from(asked, ({ atMs }) => atMs)
    const loads = [{ model: kind, arrivalsMs, peakPerSecond: peakOf(countsOf(arrivalsMs, lengthMs)), served }]
    return { name: `llm_${kind}`, lengthMs, world: language, loads }
  })
}

function askedOf(text: string): readonly Asked[] {
  const rows = text.split('\n').flatMap((line): readonly Asked[] => {
    const atMs = Date.parse(`${line.slice(0, 10)}T${line.slice(11, 23)}Z`)
    const [, promptTokens, outputTokens] = line.split(',').map(Number)
    return Number.isNaN(atMs) ? [] : [{ atMs, promptTokens: promptTokens!, outputTokens: outputTokens! }]
  })
  const beginMs = rows[0]!.atMs
  return rows.map((one) => ({ ...one, atMs: one.atMs - beginMs })).toSorted((a, b) => a.atMs - b.atMs)
}

/** The functions of the sample that were called five times or more, over its twenty minutes: the same for both parts. */
function azureTrace(folder: string): Trace {
  const lengthMs = 1_260_000
  const lines = readFileSync(join(folder, 'arrivals/azure2021_sample200.csv'), 'utf8').trim().split('\n').slice(1)
  const calls = lines.map((line) => {
    const [, called, end, duration] = line.split(',')
    return { called: called!, atMs: 1_000 * (Number(end) - Number(duration)) }
  })
  const often = [...Map.groupBy(calls, ({ called }) => called).values()].filter((own) => own.length >= 5)
  const loads = often.map((own, i) => {
    const arrivalsMs = toldArrivals(
      own.map(({ atMs }) => Math.max(0, atMs)),
      lengthMs,
    )
    const model = hasModels[i % hasModels.length]!
    return { model, arrivalsMs, peakPerSecond: peakOf(countsOf(arrivalsMs, lengthMs)) }
  })
  return { name: 'azure_functions', lengthMs, world: seldom, loads }
}

function countsOf(arrivalsMs: Float64Array, lengthMs: number): readonly number[] {
  const counts = Array.from({ length: lengthMs / 1_000 }, () => 0)
  for (const at of arrivalsMs) counts[Math.floor(at / 1_000)]! += 1
  return counts
}

function loadOf(model: string, rates: readonly number[], slotMs: number, spacing: Spacing, seed: number): Load {
  return { model, arrivalsMs: arrivalsByRate(rates, slotMs, spacing, seededRandom(seed)), peakPerSecond: peakOf(rates) }
}

function peakOf(rates: readonly number[]): number {
  return rates.toSorted((a, b) => a - b)[Math.floor(0.99 * rates.length)] ?? 0
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

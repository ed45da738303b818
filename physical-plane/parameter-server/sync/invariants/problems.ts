// Small problems with gradients by hand, in float64. Every region has samples of its own, and a step uses one of them, so
// that regions and steps differ as they do in training.
import { seededRandom } from '#runtime/random.ts'

export type Numbers = ArrayLike<number>

export type Problem = {
  readonly start: readonly number[]
  /** Of one sample: the one that the region comes to at this step. */
  readonly gradient: (parameters: Numbers, region: number, step: number) => number[]
  /** Mean over all samples of all regions. */
  readonly loss: (parameters: Numbers) => number
  readonly fullGradient: (parameters: Numbers) => number[]
}

type Sample = { readonly input: readonly number[]; readonly wanted: number }
type Model = { readonly size: number; readonly slope: (parameters: Numbers, sample: Sample) => Slope }
type Slope = { readonly loss: number; readonly gradient: number[] }

const inputs = 3
const hidden = 4
const samplesPerRegion = 8

/** Linear regression: convex. */
export function aRegression(seed: number, regions: number): Problem {
  return problemOf(seed, regions, { size: inputs, slope: linearSlope })
}

/** A network of two layers with tanh between them. */
export function aNetwork(seed: number, regions: number): Problem {
  return problemOf(seed, regions, { size: hidden * inputs + hidden + hidden + 1, slope: networkSlope })
}

function problemOf(seed: number, regions: number, { size, slope }: Model): Problem {
  const random = seededRandom(seed)
  const draw = (): number => 2 * random.next() - 1
  const start = Array.from({ length: size }, draw)
  const sampleOf = (): Sample => ({ input: Array.from({ length: inputs }, draw), wanted: draw() })
  const samples = Array.from({ length: regions }, () => Array.from({ length: samplesPerRegion }, sampleOf))
  const all = samples.flat()
  return {
    start,
    gradient: (parameters, region, step) => slope(parameters, samples[region]![step % samplesPerRegion]!).gradient,
    loss: (parameters) => all.reduce((sum, sample) => sum + slope(parameters, sample).loss, 0) / all.length,
    fullGradient: (parameters) => {
      const slopes = all.map((sample) => slope(parameters, sample).gradient)
      return start.map((_, i) => slopes.reduce((sum, gradient) => sum + gradient[i]!, 0) / all.length)
    },
  }
}

function linearSlope(parameters: Numbers, { input, wanted }: Sample): Slope {
  const error = input.reduce((sum, value, i) => sum + value * parameters[i]!, 0) - wanted
  return { loss: error ** 2 / 2, gradient: input.map((value) => error * value) }
}

/** Parameters: the first layer row by row, its biases, the second layer, its bias. */
function networkSlope(parameters: Numbers, { input, wanted }: Sample): Slope {
  const biasAt = hidden * inputs
  const outAt = biasAt + hidden
  const active = Array.from({ length: hidden }, (_, h) => {
    const reach = input.reduce((sum, value, i) => sum + value * parameters[h * inputs + i]!, parameters[biasAt + h]!)
    return Math.tanh(reach)
  })
  const last = outAt + hidden
  const error = active.reduce((sum, value, h) => sum + value * parameters[outAt + h]!, parameters[last]!) - wanted
  const back = active.map((value, h) => error * parameters[outAt + h]! * (1 - value ** 2))
  const first = back.flatMap((slope) => input.map((value) => slope * value))
  return { loss: error ** 2 / 2, gradient: [...first, ...back, ...active.map((value) => error * value), error] }
}

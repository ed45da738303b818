// The strategies on the four-region links of HALoS (halos-matrix/matrix.ts), in virtual time: seconds to an accuracy, final
// accuracy, WAN traffic and stall. The parameter servers, codecs and rounds are the real ones; the gradients are real too,
// but of a small perceptron on Fashion-MNIST (AdamW, batch 16), whose messages take the time that Pythia-70M's would.
// So times and bytes are those of the real message sizes, accuracies those of a small problem: they tell strategies
// apart, not what a language model would reach. Deterministic: the same seeds give the same table on every machine.
//
//   npm run bench -- halos-matrix --json     about five minutes; one seed alone: --seeds 1; some rows: --rows asgd,auto
//
// A step takes the paper's 238 ms; --step-ms takes another number, or "measured" for a step of the small model on this machine,
// scaled to Pythia's size (then the table is this machine's). What is simulated and what was measured are both told.
import { parseArgs } from 'node:util'
import { invalid } from '#runtime/errors.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { readHeldOut, readTraining } from './halos-matrix/images.ts'
import { rows, type Row } from './halos-matrix/rows.ts'
import { simulate, type SimulationResult } from './halos-matrix/simulate.ts'
import { stepTime } from './halos-matrix/step-time.ts'
import { median } from './wan-training/summary.ts'
import { timeToTarget, valueAt } from './wan-training/time-to-target.ts'

export const takesArguments = true

const seconds = 300
const evaluateSeconds = 2
const batch = 16
const heldOutImages = 2_000
const targetAccuracy = 0.82
const neighbours = 5
const seedsDefault = '1,2,3'
/** Evaluations whose mean is the final accuracy. */
const lastEvaluations = 10

type Figures = {
  readonly row: Row
  /** Null where the median run did not reach the target. */
  readonly seconds: number | null
  readonly accuracy: number
  readonly bytesToTarget: number
  readonly bytes: number
  readonly stallShare: number
  readonly rounds: number
}

export async function run({ note, args, clock }: BenchOptions): Promise<BenchResult> {
  const { wanted, seeds, step } = parseOptions(args)
  const [training, heldOut] = [readTraining(), readHeldOut(heldOutImages)]
  const { stepMs, ownStepMs, scaledStepMs } = stepTime(step, clock, training, batch)
  note(
    `a step takes ${stepMs.toFixed(1)} ms (--step-ms ${step}); here the small model's takes ${ownStepMs.toFixed(2)} ms, at Pythia's size ${scaledStepMs.toFixed(0)} ms`,
  )
  const figures: Figures[] = []
  for (const row of wanted) {
    const results: SimulationResult[] = []
    for (const seed of seeds) {
      const { place, sync, learningRate } = row
      const given = { place, sync, learningRate, seed, batch, stepMs, seconds, evaluateSeconds, training, heldOut }
      results.push(await simulate(given))
    }
    const of = figuresOf(row, results)
    figures.push(of)
    note(`${row.name}: ${of.seconds === null ? 'target not reached' : `target after ${of.seconds.toFixed(1)} s`}`)
  }
  note(`\n${markdown(figures)}`)
  return {
    ...Object.fromEntries(figures.flatMap(flat)),
    target_accuracy: targetAccuracy,
    virtual_seconds: seconds,
    step_ms: stepMs,
    own_step_ms: ownStepMs,
    own_step_ms_scaled: scaledStepMs,
    seeds,
  }
}

function figuresOf(row: Row, results: readonly SimulationResult[]): Figures {
  const reached = results.map(({ accuracy }) => timeToTarget(accuracy, targetAccuracy, neighbours))
  const of = (figure: (result: SimulationResult, index: number) => number): number => median(results.map(figure))
  const secondsToTarget = median(reached.map((value) => value ?? Infinity))
  return {
    row,
    seconds: Number.isFinite(secondsToTarget) ? secondsToTarget : null,
    accuracy: of(({ accuracy }) => {
      const last = accuracy.slice(-lastEvaluations)
      return last.reduce((sum, { value }) => sum + value, 0) / last.length
    }),
    bytesToTarget: of(({ wanBytes }, index) => valueAt(wanBytes, reached[index] ?? seconds)),
    bytes: of(({ wanBytes }) => wanBytes.at(-1)?.value ?? 0),
    stallShare: of(({ stallShare }) => stallShare),
    rounds: of((result) => result.rounds),
  }
}

function flat(figures: Figures): [string, number][] {
  const name = figures.row.name.replaceAll('-', '_')
  return [
    [`${name}_seconds`, figures.seconds ?? -1],
    [`${name}_accuracy`, figures.accuracy],
    [`${name}_wan_gb`, figures.bytes / 1e9],
    [`${name}_wan_gb_to_target`, figures.bytesToTarget / 1e9],
    [`${name}_stall_share`, figures.stallShare],
  ]
}

function markdown(figures: readonly Figures[]): string {
  const lines = figures.map(({ row, ...each }) =>
    [
      row.title,
      each.seconds === null ? `not in ${seconds}` : each.seconds.toFixed(0),
      `${(100 * each.accuracy).toFixed(1)} %`,
      (each.bytesToTarget / 1e9).toFixed(1),
      (each.bytes / 1e9).toFixed(1),
      `${(100 * each.stallShare).toFixed(0)} %`,
      String(row.learningRate),
    ].join(' | '),
  )
  return [
    `| strategy | s to ${100 * targetAccuracy} % | accuracy at ${seconds} s | WAN GB to target | WAN GB | stall | rate |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n')
}

type Parsed = { readonly wanted: readonly Row[]; readonly seeds: readonly number[]; readonly step: string }

function parseOptions(args: readonly string[]): Parsed {
  const options = {
    rows: { type: 'string' },
    seeds: { type: 'string', default: seedsDefault },
    'step-ms': { type: 'string', default: 'paper' },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const names = values.rows?.split(',') ?? rows.map(({ name }) => name)
  const known = rows.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  const seeds = values.seeds.split(',')
  const violations = [
    ...unknown.map((name) => ({
      field: '--rows',
      description: `"${name}" is not there; choose from ${known.join(',')}`,
    })),
    ...seeds
      .filter((seed) => !/^\d{1,9}$/.test(seed))
      .map((seed) => ({ field: '--seeds', description: `"${seed}" is not a whole number; write for example 1,2,3` })),
  ]
  if (violations.length > 0) throw invalid(violations)
  return { wanted: rows.filter(({ name }) => names.includes(name)), seeds: seeds.map(Number), step: values['step-ms'] }
}

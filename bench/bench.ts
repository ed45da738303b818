// What a benchmark is: a file `bench/NAME.ts` whose `run` measures one published figure and returns its numbers.
import type { Clock } from '#runtime/clock.ts'

export type BenchOptions = {
  readonly clock: Clock
  /** The command line after the name, without `--json`. Empty unless the file exports `takesArguments = true`. */
  readonly args: readonly string[]
  /** A line for the person who waits. */
  readonly note: (text: string) => void
}

export type BenchResult = Readonly<Record<string, number | string | boolean | readonly number[]>>
export type Bench = (options: BenchOptions) => Promise<BenchResult>

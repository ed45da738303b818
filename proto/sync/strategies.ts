// Every strategy by the name that a job file uses. A new one is its file and a line here.
import { asgdGa } from './strategies/asgd-ga.ts'
import { asgd } from './strategies/asgd.ts'
import { asp } from './strategies/asp.ts'
import { auto } from './strategies/auto.ts'
import { diloco } from './strategies/diloco.ts'
import { hierarchical } from './strategies/hierarchical.ts'
import { modelAveraging } from './strategies/model-averaging.ts'
import { streamingDiloco } from './strategies/streaming-diloco.ts'
import type { Strategy } from './strategy.ts'

export type Strategies = ReadonlyMap<string, Strategy>

export const strategies: Strategies = new Map(
  [auto, asgd, asgdGa, asp, modelAveraging, diloco, streamingDiloco, hierarchical].map((one) => [one.name, one]),
)

/** Of a job that names none. */
export const defaultStrategy = 'auto'

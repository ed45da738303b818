// The scheduling policies by the name that a job file uses.
import { loadPower } from './load-power.ts'
import type { Policy } from './policy.ts'
import { useEverything } from './use-everything.ts'

export const policies: ReadonlyMap<string, Policy> = new Map([
  ['load-power', loadPower],
  ['use-everything', useEverything],
])

// When spot capacity is there: by a recorded trace, in which all units come and go together, or by rates, where each unit is
// taken away by itself and comes back after a while. Traces repeat where they end before the simulation does.
import { z } from 'zod'
import { invalid } from '#runtime/errors.ts'

export type Availability =
  | { readonly kind: 'steady' }
  | { readonly kind: 'trace'; readonly trace: Trace; readonly noticeSeconds: number }
  | {
      readonly kind: 'rates'
      readonly lossesPerHour: number
      readonly awaySeconds: number
      readonly noticeSeconds: number
    }

export type Trace = {
  readonly gapSeconds: number
  /** In order: there or not, and for how many gaps. Neighbours differ. */
  readonly runs: readonly { readonly isThere: boolean; readonly gaps: number }[]
}

const traceSchema = z.object({
  gap_seconds: z.number().positive('must be above 0'),
  rle: z
    .array(z.tuple([z.union([z.literal(0), z.literal(1)]), z.int().min(1, 'must be at least 1')]))
    .min(1, 'is empty')
    .max(1_000_000),
})

/** `field` and `path` are for messages only. */
export function parseTrace(text: string, path: string, field: string): Trace {
  const parsed = traceSchema.safeParse(jsonOf(text))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const description = `${path}: ${issue.path.map(String).join('.')} ${issue.message}; write {"gap_seconds": 195, "rle": [[1, 20], [0, 3]]}`
    throw invalid([{ field, description }], 'SCENARIO')
  }
  const { gap_seconds: gapSeconds, rle } = parsed.data
  const runs: { isThere: boolean; gaps: number }[] = []
  for (const [value, gaps] of rle) {
    const last = runs.at(-1)
    if (last?.isThere === (value === 1)) last.gaps += gaps
    else runs.push({ isThere: value === 1, gaps })
  }
  return { gapSeconds, runs }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** From 0 on, in seconds: what is there from then until the next one. Ends only where nothing ever changes. */
export function* changesOf({ gapSeconds, runs }: Trace): Generator<{ readonly at: number; readonly isThere: boolean }> {
  let gaps = 0
  let before: boolean | null = null
  for (;;) {
    for (const { isThere, gaps: more } of runs) {
      if (isThere !== before) yield { at: gaps * gapSeconds, isThere }
      before = isThere
      gaps += more
    }
    if (runs.length === 1) return
  }
}

// What re-planning remembers from one look at running jobs to the next. It is lost with the process: then what is off the
// plan has to be seen some times again.
import type { CatalogueIndex } from '#control-plane/model/catalogue-index.ts'

/** A partition's samples per second: an average over observations of this plan. */
export type MeasuredSpeed = {
  /** While steps do not wait for the WAN. */
  readonly compute: number
  /** All in all. */
  readonly wall: number
  readonly observations: number
}

export type ElasticState = {
  /** The plan that the rest is about: of another one nothing has been seen yet. */
  readonly planVersion: number
  /** How many observations in a row were off the plan, by what was observed. What is on plan is not in it. */
  readonly off: Readonly<Record<string, number>>
  /** The round, or count of steps, of each partition that was looked at last. */
  readonly seen: Readonly<Record<string, number>>
  /** By partition. */
  readonly speeds: Readonly<Record<string, MeasuredSpeed>>
  /** Mbit/s that the plan reckons with, by link key of places. */
  readonly links: Readonly<Record<string, number>>
  /** Units that came free where the job may use them since the plan was weighed, one sentence per place and class. */
  readonly unitsCame: readonly string[]
  /** When the plan was last weighed against others, and at which prices. */
  readonly weighedAtMs: number
  readonly weighedHash: string
  /** Since when the forecast is over the budget; null while it is within. */
  readonly overSinceMs: number | null
  /** The forecast that people were warned of last; null while there is no warning. */
  readonly warnedUsd: number | null
  /** What the job had cost when that last grew, and when it did. */
  readonly paid: { readonly usd: number; readonly atMs: number }
}

export type ElasticMemory = {
  /** By job id. */
  readonly jobs: ReadonlyMap<string, ElasticState>
  /** By region and class key; null before the first look. */
  readonly units: ReadonlyMap<string, SeenUnits> | null
  /** Of the catalogue that was in force: its links are many, and seldom change. */
  readonly index: CatalogueIndex | null
}

/** Free units of a class in a region. */
export type SeenUnits = {
  /** What jobs were told of. */
  readonly known: number
  /** That there were at least so many since then; null while there are no more than are known. */
  readonly more: { readonly count: number; readonly sinceMs: number } | null
}

export const nothingRemembered: ElasticMemory = { jobs: new Map(), units: null, index: null }

/** Of a job that is looked at for the first time. */
export function nothingSeen(planVersion: number, paidUsd: number, nowMs: number): ElasticState {
  return {
    planVersion,
    off: {},
    seen: {},
    speeds: {},
    links: {},
    unitsCame: [],
    weighedAtMs: Number.NEGATIVE_INFINITY,
    weighedHash: '',
    overSinceMs: null,
    warnedUsd: null,
    paid: { usd: paidUsd, atMs: nowMs },
  }
}

// The report of one run, from the ledger and jobs as the store holds them and the units as the agents counted them. That the
// three agree is asserted: what was metered is what is in the ledger, and what pools had in use.
import { classNamed } from '#control-plane/model/device-class.ts'
import { endStates, type Job } from '#control-plane/model/job.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import type { Store } from '#control-plane/store/store.ts'
import { assert, present } from '#runtime/assert.ts'
import { simulationConfig as config } from './config.ts'
import type { Cost, RunReport, Spread, UseRow } from './simulation-report.ts'
import type { World } from './world.ts'

export async function runReport(world: World, policy: string): Promise<RunReport> {
  const { store, observer } = world
  const jobs: Job[] = []
  const usdOf = new Map<string, number>()
  const books = new Books()
  let replans = 0
  for (const id of observer.jobIds()) {
    const record = present(await store.job(id), `job ${id}`)
    jobs.push(record.job)
    usdOf.set(id, record.costUsd)
    replans += (record.job.plan?.version ?? 1) - 1
    for await (const entry of ledgerOf(store, id)) books.add(entry)
  }
  const utilisation = utilisationOf(world, books)
  const byState = Map.groupBy(jobs, ({ state }) => state)
  const started = jobs.filter((job) => job.startedAtMs !== null)
  const ended = jobs.filter(({ state, endedAtMs }) => endStates.has(state) && endedAtMs !== null)
  const good = jobs.filter(({ state }) => state === 'succeeded')
  const withDeadline = jobs.filter(({ spec }) => spec.objective.kind === 'deadline')
  const losses = [...observer.losses.values()]
  return {
    policy,
    jobs: {
      submitted: jobs.length,
      refused: observer.refusals.length,
      byState: Object.fromEntries([...byState].map(([state, own]) => [state, own.length] as const).toSorted(byName)),
      refusals: refusalsOf(world, jobs),
    },
    makespanSeconds:
      jobs.length === 0 ? 0 : (observer.lastEndMs - Math.min(...jobs.map((job) => job.createdAtMs))) / 1000,
    waiting: spreadOf(started.map((job) => (job.startedAtMs! - job.createdAtMs) / 1000)),
    turnaround: spreadOf(ended.map((job) => (job.endedAtMs! - job.createdAtMs) / 1000)),
    deadlines: { jobs: withDeadline.length, met: withDeadline.filter(isMet).length },
    cost: books.cost(),
    forecast: {
      seconds: spreadOf(
        good.flatMap((job) =>
          ratio((job.endedAtMs! - job.startedAtMs!) / 1000, observer.firstForecast(job.id)?.seconds),
        ),
      ),
      usd: spreadOf(good.flatMap((job) => ratio(usdOf.get(job.id)!, observer.firstForecast(job.id)?.totalUsd))),
    },
    utilisation,
    spot: {
      unitsLost: losses.reduce((sum, { units }) => sum + units, 0),
      workersHit: losses.reduce((sum, { hits }) => sum + hits, 0),
    },
    replans,
    sights: thinned(observer.sights),
  }
}

async function* ledgerOf(store: Store, jobId: string): AsyncGenerator<LedgerEntry> {
  let after: { readonly fromMs: number; readonly id: string } | null = null
  for (;;) {
    const page: readonly LedgerEntry[] = await store.listLedger(jobId, pageEntries, after)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < pageEntries) return
    after = { fromMs: last.fromMs, id: last.id }
  }
}

const pageEntries = 1_000

/** Ledger entries as they add up. */
class Books {
  #entries = 0
  #storageUsd = 0
  readonly #byPurpose = new Map<string, number>()
  readonly #regions = new Map<string, { computeUsd: number; egressUsd: number; egressBytes: number }>()
  /** Seconds by "region class". */
  readonly seconds = new Map<string, number>()
  trainSeconds = 0

  add({ kind, region, subject, quantity, amountUsd, purpose }: LedgerEntry): void {
    this.#entries += 1
    const here = this.#regions.get(region) ?? { computeUsd: 0, egressUsd: 0, egressBytes: 0 }
    this.#regions.set(region, here)
    switch (kind) {
      case 'device-seconds': {
        here.computeUsd += amountUsd
        const key = `${region} ${subject}`
        this.seconds.set(key, (this.seconds.get(key) ?? 0) + quantity)
        this.#byPurpose.set(purpose, (this.#byPurpose.get(purpose) ?? 0) + amountUsd)
        if (purpose === 'train') this.trainSeconds += quantity
        break
      }
      case 'wan-bytes':
        here.egressUsd += amountUsd
        here.egressBytes += quantity
        break
      case 'storage-byte-seconds':
        this.#storageUsd += amountUsd
        break
    }
  }

  cost(): Cost {
    const byRegion = [...this.#regions].toSorted(byName).map(([region, sums]) => ({ region, ...sums }))
    const sum = (of: (row: Cost['byRegion'][number]) => number): number =>
      byRegion.reduce((all, row) => all + of(row), 0)
    const computeUsd = sum((row) => row.computeUsd)
    const egressUsd = sum((row) => row.egressUsd)
    return {
      totalUsd: computeUsd + egressUsd + this.#storageUsd,
      computeUsd,
      egressUsd,
      storageUsd: this.#storageUsd,
      egressBytes: sum((row) => row.egressBytes),
      entries: this.#entries,
      byPurpose: Object.fromEntries([...this.#byPurpose].toSorted(byName)),
      byRegion,
    }
  }
}

function utilisationOf({ agents, clock, observer }: World, books: Books): RunReport['utilisation'] {
  const rows: { region: string; key: string; units: number; busy: number; available: number }[] = []
  for (const [region, agent] of agents) {
    for (const pool of agent.pools) {
      const { busySeconds, availableSeconds } = pool.totals(clock.now())
      const { key, units } = pool.pool
      rows.push({ region, key, units, busy: busySeconds, available: availableSeconds })
      const billed = books.seconds.get(`${region} ${key}`) ?? 0
      assertSame(`device seconds of ${key} in ${region}, billed and in use`, billed, busySeconds)
    }
  }
  const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((all, row) => all + of(row), 0)
  const busy = sum((row) => row.busy)
  assertSame('device seconds, metered and in use', observer.deviceSeconds, busy)
  const grouped = (name: (row: (typeof rows)[number]) => string): readonly UseRow[] =>
    [...Map.groupBy(rows, name)].toSorted(byName).map(([group, own]) => useRow(group, own))
  return {
    share: share(
      busy,
      sum((row) => row.available),
    ),
    trainingShare: share(books.trainSeconds, busy),
    byClass: grouped(({ key }) => groupOf(key)),
    byRegion: grouped(({ region }) => region),
  }
}

/** Zones and machine types of a model are one row. */
function groupOf(key: string): string {
  const { deviceModel, market } = classNamed(key)
  return market === 'spot' ? `${deviceModel}@spot` : deviceModel
}

function useRow(
  name: string,
  rows: readonly { readonly units: number; readonly busy: number; readonly available: number }[],
): UseRow {
  const busy = rows.reduce((sum, row) => sum + row.busy, 0)
  const available = rows.reduce((sum, row) => sum + row.available, 0)
  const units = rows.reduce((sum, row) => sum + row.units, 0)
  return { name, units, busyHours: busy / 3600, availableHours: available / 3600, share: share(busy, available) }
}

/** The same but for rounding. */
function assertSame(what: string, a: number, b: number): void {
  assert(Math.abs(a - b) <= 1e-6 * Math.max(1, a, b), `${what} differ: ${a} and ${b}`)
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0
}

/** Refused at submit, or impossible to place: each reason once. */
function refusalsOf({ observer }: World, jobs: readonly Job[]): readonly string[] {
  const atSubmit = observer.refusals.map(({ kind, text }) => `${kind}: ${text}`)
  const later = jobs.filter(({ state }) => state === 'failed').map(({ spec, reason }) => `${spec.name}: ${reason}`)
  return [...new Set([...atSubmit, ...later])].slice(0, config.refusalsShownMax)
}

function isMet({ state, spec, endedAtMs }: Job): boolean {
  return state === 'succeeded' && spec.objective.kind === 'deadline' && endedAtMs! <= spec.objective.atMs
}

function ratio(actual: number, forecast: number | undefined): readonly number[] {
  return forecast === undefined || forecast <= 0 ? [] : [actual / forecast]
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0
  const mean = sorted.length === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  return { count: sorted.length, mean, p50: at(0.5), p95: at(0.95), max: at(1) }
}

/** At most so many, the first and the last among them. */
function thinned<T>(values: readonly T[]): readonly T[] {
  const step = Math.max(1, Math.ceil(values.length / config.pointsMax))
  return values.filter((_, i) => i % step === 0 || i === values.length - 1)
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

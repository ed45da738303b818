// The store of a simulation: the same promises as the database's (one revision, refused conflicts, entries that come once),
// held in maps, because a week of a large fleet is millions of commits that nobody will ever read from a disk. What no
// report of a simulation reads is not kept: rounds, evaluations, events, and instances of jobs that have ended. Functions are
// not simulated.
import { endStates, type Job } from '#control-plane/model/job.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import { ActiveIndex, type Paid } from '#control-plane/store/active-index.ts'
import { memoryBlobs } from '#control-plane/store/blobs.ts'
import { memoryLogs } from '#control-plane/store/logs.ts'
import type { CatalogueRecord, Change, Commit, Store, View } from '#control-plane/store/store.ts'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'

type Kept = {
  job: Job
  readonly fingerprint: string
  touched: number
  costUsd: number
  readonly entries: Map<string, LedgerEntry>
}

export class PlainStore implements Store {
  readonly blobs = memoryBlobs()
  readonly logs = memoryLogs()
  readonly #index = new ActiveIndex()
  readonly #listeners = new Set<(commit: Commit) => void>()
  readonly #jobs = new Map<string, Kept>()
  /** Of instances of jobs that have not ended, and of agents. */
  readonly #revisions = new Map<string, number>()
  readonly #journals = new Map<string, number>()
  readonly #catalogues = new Map<string, CatalogueRecord>()

  view(): View {
    return this.#index.view()
  }

  revision(): number {
    return this.#index.revision()
  }

  activeJob: Store['activeJob'] = (id) => this.#index.job(id)

  activeFunction: Store['activeFunction'] = (id) => this.#index.function(id)

  activeInstance: Store['activeInstance'] = (id) => this.#index.instance(id)

  // oxlint-disable-next-line typescript/require-await -- a store answers later
  commit: Store['commit'] = async (changes, basedOnRevision) => {
    assert(basedOnRevision <= this.#index.revision(), `based on revision ${basedOnRevision} of the future`)
    if (changes.length === 0) return { kind: 'committed', revision: this.#index.revision() }
    const object = changes.map((change) => this.#conflict(change, basedOnRevision)).find((found) => found !== null)
    if (object !== undefined && object !== null) return { kind: 'conflict', object }
    const revision = this.#index.revision() + 1
    const stamped = changes.map((change) => stamp(change, revision))
    const paid = stamped.flatMap((change) => this.#keep(change, revision))
    const commit = this.#index.apply(stamped, revision, paid)
    for (const jobId of commit.jobIds) this.#touch(jobId, revision)
    for (const listener of this.#listeners) listener(commit)
    return { kind: 'committed', revision }
  }

  onCommit: Store['onCommit'] = (listener) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  job: Store['job'] = (id) => {
    const kept = this.#jobs.get(id)
    if (kept === undefined) return Promise.resolve(null)
    const { job, touched, costUsd } = kept
    const instances = this.#index.view().instancesByJob?.get(id) ?? []
    return Promise.resolve({ job, touched, costUsd, instances, roundTotals: [] })
  }

  instance: Store['instance'] = (id) => Promise.resolve(this.#index.instance(id))

  jobByRequest: Store['jobByRequest'] = (requestId) => {
    const found = [...this.#jobs.values()].find(({ job }) => job.requestId === requestId)
    return Promise.resolve(found === undefined ? null : { id: found.job.id, fingerprint: found.fingerprint })
  }

  listLedger: Store['listLedger'] = (jobId, limit, after) => {
    const entries = [...(this.#jobs.get(jobId)?.entries.values() ?? [])].sort(byTime)
    const first = after === null ? 0 : entries.findIndex((entry) => byTime(entry, after) > 0)
    return Promise.resolve(first < 0 ? [] : entries.slice(first, first + limit))
  }

  journalSeq: Store['journalSeq'] = (agentId) => Promise.resolve(this.#journals.get(agentId) ?? 0)

  catalogue: Store['catalogue'] = (hash) => Promise.resolve(this.#catalogues.get(hash) ?? null)

  function = (): Promise<null> => Promise.resolve(null)
  functionNamed = notKept('functions')
  listFunctions = notKept('functions')
  listJobs = notKept('lists of jobs')
  listCells = notKept('the ledger by hour')
  jobFacts = notKept('facts of jobs')
  listSpans = notKept('spans')
  linkMonth = notKept('traffic of months')
  listLinkBins = notKept('traffic of links')
  listRounds = notKept('rounds')
  roundTotals = notKept('rounds')
  listEvaluations = notKept('evaluations')
  listEvents = notKept('events')
  listPlans = notKept('plans that were replaced')
  blob = notKept('blobs')
  findCatalogues = notKept('names of catalogues')
  listCatalogues = notKept('lists of catalogues')

  close(): void {
    this.#jobs.clear()
  }

  #conflict(change: Change, basedOnRevision: number): string | null {
    const isNewer = (key: string): boolean => (this.#revisions.get(key) ?? 0) > basedOnRevision
    switch (change.kind) {
      case 'create-job':
        return this.#jobs.has(change.job.id) ? `job ${change.job.id}` : null
      case 'job':
        return (this.#jobs.get(change.job.id)?.job.revision ?? 0) > basedOnRevision ? `job ${change.job.id}` : null
      case 'instance':
        return isNewer(change.instance.id) ? `instance ${change.instance.id}` : null
      case 'agent':
        return isNewer(`agent ${change.agent.region}`) ? `agent of ${change.agent.region}` : null
      case 'journal':
        return (this.#journals.get(change.agentId) ?? 0) === change.fromSeq ? null : `journal of ${change.agentId}`
      case 'create-function':
      case 'function':
      case 'create-pipeline':
      case 'pipeline':
      case 'ledger':
      case 'round':
      case 'evaluation':
      case 'event':
      case 'plan':
      case 'blob':
      case 'catalogue':
      case 'throughput':
      case 'model-size':
      case 'link':
        return null
    }
  }

  /** Answers with what a job has cost since, where that changed. */
  #keep(change: Change, revision: number): readonly Paid[] {
    switch (change.kind) {
      case 'create-job': {
        const { job, fingerprint } = change
        this.#jobs.set(job.id, { job, fingerprint, touched: revision, costUsd: 0, entries: new Map() })
        return []
      }
      case 'job':
        return this.#keepJob(change.job)
      case 'ledger':
        return this.#keepEntry(change.entry)
      case 'instance':
        this.#revisions.set(change.instance.id, revision)
        return []
      case 'agent':
        this.#revisions.set(`agent ${change.agent.region}`, revision)
        return []
      case 'journal':
        this.#journals.set(change.agentId, change.toSeq)
        return []
      case 'catalogue':
        this.#catalogues.set(change.catalogue.hash, change.catalogue)
        return []
      case 'create-function':
      case 'function':
      case 'create-pipeline':
      case 'pipeline':
      case 'round':
      case 'evaluation':
      case 'event':
      case 'plan':
      case 'blob':
      case 'throughput':
      case 'model-size':
      case 'link':
        return []
    }
  }

  #keepJob(job: Job): readonly Paid[] {
    const kept = this.#jobs.get(job.id)
    assert(kept !== undefined, `job ${job.id} was never created`)
    kept.job = job
    if (!endStates.has(job.state)) return []
    for (const { id } of this.#index.view().instancesByJob?.get(job.id) ?? []) this.#revisions.delete(id)
    return []
  }

  #keepEntry(entry: LedgerEntry): readonly Paid[] {
    const kept = this.#jobs.get(entry.jobId)
    if (kept === undefined || kept.entries.has(entry.id)) return []
    kept.entries.set(entry.id, entry)
    kept.costUsd += entry.amountUsd
    return this.#index.job(entry.jobId) === null ? [] : [{ jobId: entry.jobId, usd: kept.costUsd }]
  }

  #touch(jobId: string, revision: number): void {
    const kept = this.#jobs.get(jobId)
    if (kept !== undefined) kept.touched = revision
  }
}

function stamp(change: Change, revision: number): Change {
  if (change.kind === 'create-job' || change.kind === 'job') return { ...change, job: { ...change.job, revision } }
  return change
}

function notKept(what: string): () => Promise<never> {
  return () => Promise.reject(new CloudlessError('not-found', 'NOT_KEPT', `${what} are not kept in a simulation`))
}

function byTime(
  a: { readonly fromMs: number; readonly id: string },
  b: { readonly fromMs: number; readonly id: string },
): number {
  return a.fromMs - b.fromMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

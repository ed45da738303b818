// The store on node:sqlite: for one control plane, on one disk, without a server to run.
import type { DatabaseSync } from 'node:sqlite'
import { assert } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { ActiveIndex, type Paid } from '../active-index.ts'
import type { Blobs } from '../blobs.ts'
import type { Logs } from '../logs.ts'
import type { Change, Commit, CommitOutcome, Store, View } from '../store.ts'
import { inTransaction, sqliteError } from './open-database.ts'
import { findCatalogues, readCatalogue, readCatalogues } from './read-catalogues.ts'
import { readEvaluations, readEvents, readPlans, readRounds } from './read-history.ts'
import { readCells, readJobFacts, readLedger, readLinkBins, readLinkMonth, readSpans } from './read-ledger.ts'
import {
  readActive,
  readBlob,
  readInstance,
  readJob,
  readJobs,
  readPaid,
  readRevision,
  readRoundTotals,
} from './read-rows.ts'
import { Statements } from './statements.ts'
import { readFunction, readFunctionNamed, readFunctions } from './read-functions.ts'
import { findConflict, writeChanges } from './write-changes.ts'

export class SqliteStore implements Store {
  readonly blobs: Blobs
  readonly logs: Logs
  readonly #database: DatabaseSync
  readonly #sql: Statements
  readonly #index = new ActiveIndex()
  readonly #listeners = new Set<(commit: Commit) => void>()

  constructor(database: DatabaseSync, blobs: Blobs, logs: Logs) {
    this.#database = database
    this.#sql = new Statements(database)
    this.blobs = blobs
    this.logs = logs
    this.#index.apply(readActive(this.#sql), readRevision(this.#sql), readPaid(this.#sql, null))
  }

  view(): View {
    return this.#index.view()
  }

  revision(): number {
    return this.#index.revision()
  }

  activeJob: Store['activeJob'] = (id) => this.#index.job(id)

  activeFunction: Store['activeFunction'] = (id) => this.#index.function(id)

  activeInstance: Store['activeInstance'] = (id) => this.#index.instance(id)

  commit: Store['commit'] = (changes, basedOnRevision) =>
    this.#query('commit', () => {
      assert(basedOnRevision <= this.#index.revision(), `based on revision ${basedOnRevision} of the future`)
      if (changes.length === 0) return { kind: 'committed', revision: this.#index.revision() }
      const revision = this.#index.revision() + 1
      const stamped = changes.map((change) => stamp(change, revision))
      const outcome = inTransaction(this.#database, (): CommitOutcome => {
        const object = findConflict(this.#sql, stamped, basedOnRevision)
        if (object !== null) return { kind: 'conflict', object }
        writeChanges(this.#sql, stamped, revision)
        return { kind: 'committed', revision }
      })
      if (outcome.kind === 'committed') this.#publish(this.#index.apply(stamped, revision, this.#paidAfter(stamped)))
      return outcome
    })

  /** A job that comes back from its end has its cost back too. */
  #paidAfter(changes: readonly Change[]): readonly Paid[] {
    const ids = changes.flatMap((change) => {
      if (change.kind === 'ledger') return [change.entry.jobId]
      return change.kind === 'job' && this.#index.job(change.job.id) === null ? [change.job.id] : []
    })
    return ids.length === 0 ? [] : readPaid(this.#sql, [...new Set(ids)])
  }

  #publish(commit: Commit): void {
    for (const listener of this.#listeners) listener(commit)
  }

  onCommit: Store['onCommit'] = (listener) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  job: Store['job'] = (id) => this.#query('read a job', () => readJob(this.#sql, id))

  instance: Store['instance'] = (id) => this.#query('read an instance', () => readInstance(this.#sql, id))

  jobByRequest: Store['jobByRequest'] = (requestId) =>
    this.#query('read a job', () => {
      const row = this.#sql.get('SELECT id, fingerprint FROM jobs WHERE request_id = ?', requestId)
      return row === null ? null : { id: String(row.id), fingerprint: String(row.fingerprint) }
    })

  function: Store['function'] = (id) => this.#query('read a function', () => readFunction(this.#sql, id))

  functionNamed: Store['functionNamed'] = (name) =>
    this.#query('read a function', () => readFunctionNamed(this.#sql, name))

  listFunctions: Store['listFunctions'] = (limit, afterName) =>
    this.#query('list functions', () => readFunctions(this.#sql, limit, afterName))

  listJobs: Store['listJobs'] = (limit, after, states) =>
    this.#query('list jobs', () => readJobs(this.#sql, limit, after, states))

  listLedger: Store['listLedger'] = (jobId, limit, after) =>
    this.#query('list the ledger', () => readLedger(this.#sql, jobId, limit, after))

  listCells: Store['listCells'] = (query) => this.#query('add up the ledger', () => readCells(this.#sql, query))

  jobFacts: Store['jobFacts'] = (jobIds) => this.#query('read jobs', () => readJobFacts(this.#sql, jobIds))

  listSpans: Store['listSpans'] = (jobId, limit) =>
    this.#query('list metered spans', () => readSpans(this.#sql, jobId, limit))

  linkMonth: Store['linkMonth'] = (from, to, monthMs) =>
    this.#query('read a link’s month', () => readLinkMonth(this.#sql, from, to, monthMs))

  listLinkBins: Store['listLinkBins'] = (from, to, fromMs, toMs) =>
    this.#query('list a link’s traffic', () => readLinkBins(this.#sql, from, to, fromMs, toMs))

  listRounds: Store['listRounds'] = (jobId, limit, after, region) =>
    this.#query('list rounds', () => readRounds(this.#sql, jobId, limit, after, region))

  roundTotals: Store['roundTotals'] = (jobId) =>
    this.#query('read the totals of rounds', () => readRoundTotals(this.#sql, jobId))

  listEvaluations: Store['listEvaluations'] = (jobId, limit, after) =>
    this.#query('list evaluations', () => readEvaluations(this.#sql, jobId, limit, after))

  listEvents: Store['listEvents'] = (jobId, limit, afterNumber) =>
    this.#query('list events', () => readEvents(this.#sql, jobId, limit, afterNumber))

  listPlans: Store['listPlans'] = (jobId, limit, afterNumber) =>
    this.#query('list plans', () => readPlans(this.#sql, jobId, limit, afterNumber))

  journalSeq: Store['journalSeq'] = (agentId) =>
    this.#query('read a journal', () =>
      Number(this.#sql.get('SELECT seq FROM journals WHERE agent_id = ?', agentId)?.seq ?? 0),
    )

  blob: Store['blob'] = (digest) => this.#query('read a blob', () => readBlob(this.#sql, digest))

  catalogue: Store['catalogue'] = (hash) => this.#query('read a catalogue', () => readCatalogue(this.#sql, hash))

  findCatalogues: Store['findCatalogues'] = (named, limit) =>
    this.#query('find catalogues', () => findCatalogues(this.#sql, named, limit))

  listCatalogues: Store['listCatalogues'] = (limit, after) =>
    this.#query('list catalogues', () => readCatalogues(this.#sql, limit, after))

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  /** SQLite answers at once; the promise is there so that a database over the network can stand in its place. */
  // oxlint-disable-next-line typescript/require-await -- turns what SQLite throws into a rejection
  async #query<T>(doing: string, run: () => T): Promise<T> {
    if (!this.#database.isOpen) throw new CloudlessError('unavailable', 'STORE_CLOSED', 'the store is closed')
    try {
      return run()
    } catch (error) {
      throw sqliteError(doing, error)
    }
  }
}

function stamp(change: Change, revision: number): Change {
  if (change.kind === 'create-job' || change.kind === 'job') return { ...change, job: { ...change.job, revision } }
  if (change.kind === 'create-function' || change.kind === 'function')
    return { ...change, function: { ...change.function, revision } }
  if (change.kind === 'create-pipeline' || change.kind === 'pipeline')
    return { ...change, pipeline: { ...change.pipeline, revision } }
  return change
}

// What the control plane remembers. One revision counts all changes; a commit is one transaction, based on the
// revision that its author saw: when another change touched the same object since, nothing is written and the answer
// says which object, so that the author looks again. What has not ended is also at hand in memory, as the view.
import type { JobFacts, LedgerCell, MeteredSpan, TrafficBin } from '#control-plane/model/costs.ts'
import type { Evaluation, InstanceEvent, Round, RoundTotals } from '#control-plane/model/history.ts'
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { LedgerEntry } from '#control-plane/model/ledger.ts'
import type { KeptJob } from '#control-plane/model/resumption.ts'
import type { Pipeline } from '#control-plane/model/pipeline.ts'
import type { ModelSize, Plan } from '#control-plane/model/plan.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import type { Agent, Instance, LinkMeasurement } from '#control-plane/model/snapshot.ts'
import type { Blobs } from './blobs.ts'
import type { Logs } from './logs.ts'

export type Change =
  /** Refused as a conflict when the request id or the id is taken. */
  | { readonly kind: 'create-job'; readonly job: Job; readonly fingerprint: string }
  | { readonly kind: 'job'; readonly job: Job }
  /** Refused as a conflict when the id is taken, or the name by one that is not deleted, or by a pipeline. */
  | { readonly kind: 'create-function'; readonly function: InferenceFunction }
  | { readonly kind: 'function'; readonly function: InferenceFunction }
  /** As functions, whose names pipelines must not have either. */
  | { readonly kind: 'create-pipeline'; readonly pipeline: Pipeline }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline }
  | { readonly kind: 'instance'; readonly instance: Instance }
  | { readonly kind: 'agent'; readonly agent: Agent }
  /** Records up to `toSeq` are applied by this commit; a conflict unless the journal stands at `fromSeq`. */
  | { readonly kind: 'journal'; readonly agentId: string; readonly fromSeq: number; readonly toSeq: number }
  /** These are added once: a second one with the same key changes nothing. */
  | { readonly kind: 'ledger'; readonly entry: LedgerEntry }
  | { readonly kind: 'round'; readonly round: Round }
  | { readonly kind: 'evaluation'; readonly evaluation: Evaluation }
  | { readonly kind: 'event'; readonly event: InstanceEvent }
  /** A plan that came into force, and what it was decided on. */
  | { readonly kind: 'plan'; readonly jobId: string; readonly plan: Plan; readonly input: PlanInput | null }
  | { readonly kind: 'blob'; readonly blob: BlobRecord }
  /** Its content is a blob of the same name. */
  | { readonly kind: 'catalogue'; readonly catalogue: CatalogueRecord }
  | { readonly kind: 'throughput'; readonly key: string; readonly samplesPerSecond: number }
  | { readonly kind: 'model-size'; readonly bundleDigest: string; readonly size: ModelSize }
  | { readonly kind: 'link'; readonly from: string; readonly to: string; readonly measurement: LinkMeasurement }

export type CommitOutcome =
  | { readonly kind: 'committed'; readonly revision: number }
  /** For example `job j-4k2`. */
  | { readonly kind: 'conflict'; readonly object: string }

/** What has not ended, at one revision. Never changes once given out. */
export type View = {
  readonly revision: number
  /** In ascending order of id. */
  readonly jobs: readonly Job[]
  /** Functions that are not deleted, in ascending order of id. */
  readonly functions: readonly InferenceFunction[]
  /** Those that are not deleted, in ascending order of id. */
  readonly pipelines: readonly Pipeline[]
  /** Instances of those jobs and functions, in ascending order of id. */
  readonly instances: readonly Instance[]
  /** The same, where they are at hand; a list that did not change since an earlier view is the very same one. */
  readonly instancesByJob?: ReadonlyMap<string, readonly Instance[]>
  readonly instancesByRegion?: ReadonlyMap<string, readonly Instance[]>
  /** In ascending order of region. */
  readonly agents: readonly Agent[]
  readonly throughput: ReadonlyMap<string, number>
  readonly modelSizes: ReadonlyMap<string, ModelSize>
  /** By linkKey(from, to), of places. */
  readonly measuredLinks: ReadonlyMap<string, LinkMeasurement>
  /** Sum of the ledger of each of those jobs, by id; absent ones cost nothing yet. */
  readonly paidUsd: ReadonlyMap<string, number>
  /** Ended jobs that may be resumed, or could until a while ago, in ascending order of id. */
  readonly kept: readonly KeptJob[]
}

/** What one commit touched: watchers and agents' links decide by it whether to look. */
export type Commit = {
  readonly revision: number
  /** And functions. */
  readonly jobIds: ReadonlySet<string>
  /** Regions whose agent, set of wanted instances or their jobs changed: what an agent should run may differ there. */
  readonly regions: ReadonlySet<string>
}

/** A job with what is computed beside it. */
export type JobRecord = {
  readonly job: Job
  /** Last change of the job, its instances or its ledger: what WatchJob compares. */
  readonly touched: number
  readonly costUsd: number
  readonly instances: readonly Instance[]
  /** In ascending order of region. */
  readonly roundTotals: readonly RoundTotals[]
}

export type FunctionRecord = {
  readonly function: InferenceFunction
  /** Last change of the function, its instances or its ledger. */
  readonly touched: number
  readonly costUsd: number
  /** Those that have not ended and gone. */
  readonly instances: readonly Instance[]
}

export type BlobRecord = {
  readonly digest: string
  readonly kind: 'bundle' | 'model'
  readonly bytes: number
  readonly atMs: number
}

/** A catalogue that plans were made with. */
export type CatalogueRecord = {
  readonly hash: string
  readonly version: string
  readonly bytes: number
  readonly firstUsedAtMs: number
}

export type JobCursor = { readonly createdAtMs: number; readonly id: string }
export type LedgerCursor = { readonly fromMs: number; readonly id: string }
/** Everything that is asked for must hold. */
export type CellQuery = {
  /** Null: of all jobs. */
  readonly jobIds: readonly string[] | null
  /** Hours, or days, that begin at or after. */
  readonly fromMs: number
  /** And before. */
  readonly toMs: number
  readonly owner: string | null
  readonly labels: Readonly<Record<string, string>>
  /** Days are those of UTC. */
  readonly by: 'hour' | 'day'
  readonly limit: number
}
/** What the ledger has for a link in a calendar month (UTC), of all jobs. */
export type LinkMonthTotals = { readonly bytes: number; readonly amountUsd: number }
export type CatalogueCursor = { readonly firstUsedAtMs: number; readonly hash: string }
export type RoundCursor = { readonly region: string; readonly number: number }
export type EvaluationCursor = { readonly atMs: number; readonly region: string; readonly isFinal: boolean }
/** `number` counts a store's plans in the order in which they came into force. */
export type StoredPlan = { readonly number: number; readonly plan: Plan; readonly input: PlanInput | null }
/** `number` counts a store's events in the order in which they arrived. */
export type StoredEvent = { readonly number: number; readonly event: InstanceEvent }

export interface Store {
  readonly blobs: Blobs
  readonly logs: Logs
  view(): View
  /** The view's, without making one. */
  revision(): number
  /** At hand for jobs that have not ended; null otherwise. */
  activeJob(id: string): Job | null
  activeFunction(id: string): InferenceFunction | null
  activeInstance(id: string): Instance | null
  commit(changes: readonly Change[], basedOnRevision: number): Promise<CommitOutcome>
  /** Called after every commit, with the view already new. */
  onCommit(listener: (commit: Commit) => void): () => void

  job(id: string): Promise<JobRecord | null>
  instance(id: string): Promise<Instance | null>
  jobByRequest(requestId: string): Promise<{ readonly id: string; readonly fingerprint: string } | null>
  /** Deleted ones too. */
  function(id: string): Promise<FunctionRecord | null>
  /** Not deleted. */
  functionNamed(name: string): Promise<FunctionRecord | null>
  /** Those that are not deleted, in ascending order of name, after that one. */
  listFunctions(limit: number, afterName: string): Promise<readonly FunctionRecord[]>
  /** Newest first, after the cursor. */
  listJobs(limit: number, after: JobCursor | null, states: readonly Job['state'][]): Promise<readonly JobRecord[]>
  /** Oldest first, after the cursor. */
  listLedger(jobId: string, limit: number, after: LedgerCursor | null): Promise<readonly LedgerEntry[]>
  /** The ledger by hour or by day, in ascending order of (job, time, ...): its sums are the entries' sums. */
  listCells(query: CellQuery): Promise<readonly LedgerCell[]>
  /** In ascending order of id; ids that do not exist are left out. */
  jobFacts(jobIds: readonly string[]): Promise<readonly JobFacts[]>
  /** When the job's device seconds were metered, in ascending order of (instance, attempt, time). */
  listSpans(jobId: string, limit: number): Promise<readonly MeteredSpan[]>
  linkMonth(from: string, to: string, monthMs: number): Promise<LinkMonthTotals>
  /** In ascending order of time; bins without traffic are left out. */
  listLinkBins(from: string, to: string, fromMs: number, toMs: number): Promise<readonly TrafficBin[]>
  /** In ascending order of (region, number), after the cursor; of one region, or of all when it is empty. */
  listRounds(jobId: string, limit: number, after: RoundCursor | null, region: string): Promise<readonly Round[]>
  /** In ascending order of region; regions without a round are left out. */
  roundTotals(jobId: string): Promise<readonly RoundTotals[]>
  /** Oldest first, after the cursor. */
  listEvaluations(jobId: string, limit: number, after: EvaluationCursor | null): Promise<readonly Evaluation[]>
  /** In the order in which they arrived, after that number. */
  listEvents(jobId: string, limit: number, afterNumber: number): Promise<readonly StoredEvent[]>
  /** In the order in which they came into force, after that number; of a resumed job those of before too. */
  listPlans(jobId: string, limit: number, afterNumber: number): Promise<readonly StoredPlan[]>
  journalSeq(agentId: string): Promise<number>
  blob(digest: string): Promise<BlobRecord | null>
  catalogue(hash: string): Promise<CatalogueRecord | null>
  /** Newest first: those of this version, or whose hash begins so. */
  findCatalogues(named: string, limit: number): Promise<readonly CatalogueRecord[]>
  /** Newest first, after the cursor. */
  listCatalogues(limit: number, after: CatalogueCursor | null): Promise<readonly CatalogueRecord[]>
  close(): void
}

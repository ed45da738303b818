// Rows back into the objects they were.
import type { RoundTotals } from '#control-plane/model/history.ts'
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import type { Pipeline } from '#control-plane/model/pipeline.ts'
import type { Job } from '#control-plane/model/job.ts'
import type { ModelSize } from '#control-plane/model/plan.ts'
import type { Agent, Instance, LinkMeasurement } from '#control-plane/model/snapshot.ts'
import { decode } from '#runtime/encoding.ts'
import type { Paid } from '../active-index.ts'
import type { BlobRecord, Change, JobCursor, JobRecord } from '../store.ts'
import type { Row, Statements } from './statements.ts'

/** Of the jobs that may still be resumed the newest are known after a restart; older ones are kept no longer. */
const resumableJobsReadMax = 10_000

export function readRevision(sql: Statements): number {
  return Number(sql.get(`SELECT value FROM counters WHERE name = 'revision'`)?.value)
}

/** Everything the index holds, as the changes that would have made it. */
export function readActive(sql: Statements): readonly Change[] {
  const jobs = bodies<Job>(sql.all('SELECT body FROM jobs WHERE is_ended = 0'))
  const resumable = bodies<Job>(
    sql.all(
      `SELECT body FROM jobs WHERE state IN ('failed', 'cancelled') ORDER BY created_at_ms DESC LIMIT ?`,
      resumableJobsReadMax,
    ),
  )
  const instances = bodies<Instance>(
    sql.all('SELECT i.body FROM instances i JOIN jobs j ON j.id = i.job_id WHERE j.is_ended = 0'),
  )
  const functions = bodies<InferenceFunction>(sql.all('SELECT body FROM functions WHERE is_ended = 0'))
  const pipelines = bodies<Pipeline>(sql.all('SELECT body FROM pipelines WHERE is_ended = 0'))
  const serving = bodies<Instance>(
    sql.all(
      `SELECT i.body FROM instances i JOIN functions f ON f.id = i.job_id WHERE f.is_ended = 0
         AND NOT (i.body ->> 'isReleased' = 1 AND i.body ->> 'state' IN ('completed', 'failed', 'stopped'))`,
    ),
  )
  const agents = bodies<Agent>(sql.all('SELECT body FROM agents'))
  const measured = (kind: string): readonly Row[] => sql.all('SELECT key, body FROM measurements WHERE kind = ?', kind)
  return [
    ...[...jobs, ...resumable].map((job): Change => ({ kind: 'job', job })),
    ...functions.map((each): Change => ({ kind: 'function', function: each })),
    ...pipelines.map((pipeline): Change => ({ kind: 'pipeline', pipeline })),
    ...[...instances, ...serving].map((instance): Change => ({ kind: 'instance', instance })),
    ...agents.map((agent): Change => ({ kind: 'agent', agent })),
    ...measured('throughput').map((row): Change => ({
      kind: 'throughput',
      key: String(row.key),
      samplesPerSecond: bodyOf<number>(row),
    })),
    ...measured('model-size').map((row): Change => ({
      kind: 'model-size',
      bundleDigest: String(row.key),
      size: bodyOf<ModelSize>(row),
    })),
    ...measured('link').map((row): Change => {
      const [from = '', to = ''] = String(row.key).split(' ')
      return { kind: 'link', from, to, measurement: bodyOf<LinkMeasurement>(row) }
    }),
  ]
}

/** What jobs that have not ended have cost until now: of all, or of these. */
export function readPaid(sql: Statements, jobIds: readonly string[] | null): readonly Paid[] {
  const rows =
    jobIds === null
      ? sql.all('SELECT id, cost_usd FROM jobs WHERE is_ended = 0 AND cost_usd > 0')
      : jobIds.flatMap((id) =>
          sql.all('SELECT id, cost_usd FROM jobs WHERE id = ? AND is_ended = 0 AND cost_usd > 0', id),
        )
  return rows.map((row) => ({ jobId: String(row.id), usd: Number(row.cost_usd) }))
}

export function readJob(sql: Statements, id: string): JobRecord | null {
  const row = sql.get(`${selectJob} WHERE j.id = ?`, id)
  return row === null ? null : jobRecord(sql, row)
}

export function readJobs(
  sql: Statements,
  limit: number,
  after: JobCursor | null,
  states: readonly string[],
): readonly JobRecord[] {
  const wanted = JSON.stringify(states)
  const from = after ?? { createdAtMs: Number.MAX_SAFE_INTEGER, id: '' }
  const rows = sql.all(
    `${selectJob} WHERE (j.created_at_ms, j.id) < (?, ?)
       AND (? = '[]' OR j.state IN (SELECT value FROM json_each(?)))
     ORDER BY j.created_at_ms DESC, j.id DESC LIMIT ?`,
    from.createdAtMs,
    from.id,
    wanted,
    wanted,
    limit,
  )
  return rows.map((row) => jobRecord(sql, row))
}

const selectJob = 'SELECT j.body, j.touched, j.cost_usd FROM jobs j'

function jobRecord(sql: Statements, row: Row): JobRecord {
  const job = bodyOf<Job>(row)
  const instances = bodies<Instance>(sql.all('SELECT body FROM instances WHERE job_id = ? ORDER BY id', job.id))
  const roundTotals = readRoundTotals(sql, job.id)
  return { job, touched: Number(row.touched), costUsd: Number(row.cost_usd), instances, roundTotals }
}

export function readRoundTotals(sql: Statements, jobId: string): readonly RoundTotals[] {
  return bodies<RoundTotals>(sql.all('SELECT body FROM round_totals WHERE job_id = ? ORDER BY region', jobId))
}

export function readInstance(sql: Statements, id: string): Instance | null {
  const row = sql.get('SELECT body FROM instances WHERE id = ?', id)
  return row === null ? null : bodyOf<Instance>(row)
}

export function readBlob(sql: Statements, digest: string): BlobRecord | null {
  const row = sql.get('SELECT kind, bytes, at_ms FROM blobs WHERE digest = ?', digest)
  if (row === null) return null
  return { digest, kind: row.kind as BlobRecord['kind'], bytes: Number(row.bytes), atMs: Number(row.at_ms) }
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what the table holds
export function bodies<T>(rows: readonly Row[]): readonly T[] {
  return rows.map((row) => bodyOf<T>(row))
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as above
export function bodyOf<T>(row: Row): T {
  return decode<T>(String(row.body))
}

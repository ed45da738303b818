// One commit inside its transaction: first what was changed meanwhile, then the writes.
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import { endStates, type Job } from '#control-plane/model/job.ts'
import type { Pipeline } from '#control-plane/model/pipeline.ts'
import { linkKey } from '#control-plane/model/snapshot.ts'
import { touchedJobId } from '../active-index.ts'
import { encode } from '#runtime/encoding.ts'
import type { Change } from '../store.ts'
import { appendHistory } from './append-history.ts'
import type { Statements } from './statements.ts'

/** The first object that another commit changed after `basedOnRevision`; null when there is none. */
export function findConflict(sql: Statements, changes: readonly Change[], basedOnRevision: number): string | null {
  for (const change of changes) {
    const object = conflictOf(sql, change, basedOnRevision)
    if (object !== null) return object
  }
  return null
}

// oxlint-disable-next-line consistent-return -- the switch is exhaustive
function conflictOf(sql: Statements, change: Change, basedOnRevision: number): string | null {
  const isNewer = (query: string, key: string): boolean => Number(sql.get(query, key)?.revision ?? 0) > basedOnRevision
  switch (change.kind) {
    case 'create-job': {
      const { id, requestId } = change.job
      const taken = sql.get('SELECT id FROM jobs WHERE id = ? OR request_id = ?', id, requestId)
      return taken === null ? null : `request ${requestId}`
    }
    case 'job':
      return isNewer('SELECT revision FROM jobs WHERE id = ?', change.job.id) ? `job ${change.job.id}` : null
    case 'create-function': {
      const { id, spec } = change.function
      const taken = sql.get(
        `SELECT id FROM functions WHERE id = ?1 OR (name = ?2 AND is_ended = 0)
         UNION ALL SELECT id FROM pipelines WHERE name = ?2 AND is_ended = 0`,
        id,
        spec.name,
      )
      return taken === null ? null : `function ${spec.name}`
    }
    case 'function':
      return isNewer('SELECT revision FROM functions WHERE id = ?', change.function.id)
        ? `function ${change.function.id}`
        : null
    case 'create-pipeline': {
      const { id, spec } = change.pipeline
      const taken = sql.get(
        `SELECT id FROM pipelines WHERE id = ?1 OR (name = ?2 AND is_ended = 0)
         UNION ALL SELECT id FROM functions WHERE name = ?2 AND is_ended = 0`,
        id,
        spec.name,
      )
      return taken === null ? null : `pipeline ${spec.name}`
    }
    case 'pipeline':
      return isNewer('SELECT revision FROM pipelines WHERE id = ?', change.pipeline.id)
        ? `pipeline ${change.pipeline.id}`
        : null
    case 'instance': {
      const { id } = change.instance
      return isNewer('SELECT revision FROM instances WHERE id = ?', id) ? `instance ${id}` : null
    }
    case 'agent': {
      const { region } = change.agent
      return isNewer('SELECT revision FROM agents WHERE region = ?', region) ? `agent of ${region}` : null
    }
    case 'journal': {
      const held = Number(sql.get('SELECT seq FROM journals WHERE agent_id = ?', change.agentId)?.seq ?? 0)
      return held === change.fromSeq ? null : `journal of agent ${change.agentId}`
    }
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

export function writeChanges(sql: Statements, changes: readonly Change[], revision: number): void {
  for (const change of changes) writeChange(sql, change, revision)
  const touched = new Set(changes.map(touchedJobId))
  for (const id of touched) {
    if (id === null) continue
    if (sql.run('UPDATE jobs SET touched = ? WHERE id = ?', revision, id) > 0) continue
    sql.run('UPDATE functions SET touched = ? WHERE id = ?', revision, id)
  }
  sql.run(`UPDATE counters SET value = ? WHERE name = 'revision'`, revision)
}

function writeChange(sql: Statements, change: Change, revision: number): void {
  switch (change.kind) {
    case 'create-job':
      insertJob(sql, change.job, change.fingerprint, revision)
      break
    case 'job':
      updateJob(sql, change.job, revision)
      break
    case 'create-function':
    case 'function':
      writeFunction(sql, change.function, revision)
      break
    case 'create-pipeline':
    case 'pipeline':
      writePipeline(sql, change.pipeline, revision)
      break
    case 'instance':
      sql.run(
        `INSERT INTO instances (id, job_id, revision, body) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, body = excluded.body`,
        change.instance.id,
        change.instance.jobId,
        revision,
        encode(change.instance),
      )
      break
    case 'agent':
      sql.run(
        'INSERT OR REPLACE INTO agents (region, revision, body) VALUES (?, ?, ?)',
        change.agent.region,
        revision,
        encode(change.agent),
      )
      break
    case 'journal':
      sql.run('INSERT OR REPLACE INTO journals (agent_id, seq) VALUES (?, ?)', change.agentId, change.toSeq)
      break
    case 'ledger':
    case 'round':
    case 'evaluation':
    case 'event':
    case 'plan':
      appendHistory(sql, change)
      break
    case 'blob':
      sql.run(
        'INSERT OR IGNORE INTO blobs (digest, kind, bytes, at_ms) VALUES (?, ?, ?, ?)',
        change.blob.digest,
        change.blob.kind,
        change.blob.bytes,
        change.blob.atMs,
      )
      break
    case 'catalogue':
      sql.run(
        'INSERT OR IGNORE INTO catalogues (hash, version, bytes, first_used_at_ms) VALUES (?, ?, ?, ?)',
        change.catalogue.hash,
        change.catalogue.version,
        change.catalogue.bytes,
        change.catalogue.firstUsedAtMs,
      )
      break
    case 'throughput':
      writeMeasurement(sql, change.kind, change.key, change.samplesPerSecond)
      break
    case 'model-size':
      writeMeasurement(sql, change.kind, change.bundleDigest, change.size)
      break
    case 'link':
      writeMeasurement(sql, change.kind, linkKey(change.from, change.to), change.measurement)
      break
  }
}

function insertJob(sql: Statements, job: Job, fingerprint: string, revision: number): void {
  sql.run(
    `INSERT INTO jobs (id, request_id, fingerprint, state, is_ended, created_at_ms, revision, touched, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    job.id,
    job.requestId,
    fingerprint,
    job.state,
    isEnded(job),
    job.createdAtMs,
    revision,
    revision,
    encode(job),
  )
}

function updateJob(sql: Statements, job: Job, revision: number): void {
  sql.run(
    'UPDATE jobs SET state = ?, is_ended = ?, revision = ?, body = ? WHERE id = ?',
    job.state,
    isEnded(job),
    revision,
    encode(job),
    job.id,
  )
}

function writeFunction(sql: Statements, of: InferenceFunction, revision: number): void {
  sql.run(
    `INSERT INTO functions (id, name, is_ended, created_at_ms, revision, touched, body) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET is_ended = excluded.is_ended, revision = excluded.revision, body = excluded.body`,
    of.id,
    of.spec.name,
    of.endedAtMs === null ? 0 : 1,
    of.createdAtMs,
    revision,
    revision,
    encode(of),
  )
}

function writePipeline(sql: Statements, pipeline: Pipeline, revision: number): void {
  sql.run(
    `INSERT INTO pipelines (id, name, is_ended, revision, body) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET is_ended = excluded.is_ended, revision = excluded.revision, body = excluded.body`,
    pipeline.id,
    pipeline.spec.name,
    pipeline.endedAtMs === null ? 0 : 1,
    revision,
    encode(pipeline),
  )
}

function writeMeasurement(sql: Statements, kind: string, key: string, value: unknown): void {
  sql.run('INSERT OR REPLACE INTO measurements (kind, key, body) VALUES (?, ?, ?)', kind, key, encode(value))
}

function isEnded(job: Job): number {
  return endStates.has(job.state) ? 1 : 0
}

// Rounds, evaluations and events of one job, page by page.
import type { Evaluation, InstanceEvent, Round } from '#control-plane/model/history.ts'
import type { Plan } from '#control-plane/model/plan.ts'
import type { PlanInput } from '#control-plane/model/plan-input.ts'
import { decode } from '#runtime/encoding.ts'
import type { EvaluationCursor, RoundCursor, StoredEvent, StoredPlan } from '../store.ts'
import { bodies, bodyOf } from './read-rows.ts'
import type { Statements } from './statements.ts'

export function readRounds(
  sql: Statements,
  jobId: string,
  limit: number,
  after: RoundCursor | null,
  region: string,
): readonly Round[] {
  const from = after ?? { region: '', number: -1 }
  const rows =
    region === ''
      ? sql.all(
          'SELECT body FROM rounds WHERE job_id = ? AND (region, number) > (?, ?) ORDER BY region, number LIMIT ?',
          jobId,
          from.region,
          from.number,
          limit,
        )
      : sql.all(
          'SELECT body FROM rounds WHERE job_id = ? AND region = ? AND number > ? ORDER BY number LIMIT ?',
          jobId,
          region,
          from.number,
          limit,
        )
  return bodies<Round>(rows)
}

export function readEvaluations(
  sql: Statements,
  jobId: string,
  limit: number,
  after: EvaluationCursor | null,
): readonly Evaluation[] {
  const from = after ?? { atMs: -1, region: '', isFinal: false }
  return bodies<Evaluation>(
    sql.all(
      `SELECT body FROM evaluations WHERE job_id = ? AND (at_ms, region, is_final) > (?, ?, ?)
       ORDER BY at_ms, region, is_final LIMIT ?`,
      jobId,
      from.atMs,
      from.region,
      from.isFinal ? 1 : 0,
      limit,
    ),
  )
}

export function readEvents(sql: Statements, jobId: string, limit: number, afterNumber: number): readonly StoredEvent[] {
  const rows = sql.all(
    'SELECT number, body FROM events WHERE job_id = ? AND number > ? ORDER BY number LIMIT ?',
    jobId,
    afterNumber,
    limit,
  )
  return rows.map((row) => ({ number: Number(row.number), event: bodyOf<InstanceEvent>(row) }))
}

export function readPlans(sql: Statements, jobId: string, limit: number, afterNumber: number): readonly StoredPlan[] {
  const rows = sql.all(
    'SELECT number, body, input FROM plans WHERE job_id = ? AND number > ? ORDER BY number LIMIT ?',
    jobId,
    afterNumber,
    limit,
  )
  return rows.map((row) => ({
    number: Number(row.number),
    plan: bodyOf<Plan>(row),
    input: typeof row.input === 'string' ? decode<PlanInput>(row.input) : null,
  }))
}

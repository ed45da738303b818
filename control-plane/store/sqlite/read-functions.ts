// Functions back from their rows, with those of their instances that have not ended and gone.
import type { InferenceFunction } from '#control-plane/model/inference.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import type { FunctionRecord } from '../store.ts'
import { bodies, bodyOf } from './read-rows.ts'
import type { Row, Statements } from './statements.ts'

const select = 'SELECT id, body, touched, cost_usd FROM functions'

export function readFunction(sql: Statements, id: string): FunctionRecord | null {
  const row = sql.get(`${select} WHERE id = ?`, id)
  return row === null ? null : recordOf(sql, row)
}

export function readFunctionNamed(sql: Statements, name: string): FunctionRecord | null {
  const row = sql.get(`${select} WHERE name = ? AND is_ended = 0`, name)
  return row === null ? null : recordOf(sql, row)
}

export function readFunctions(sql: Statements, limit: number, afterName: string): readonly FunctionRecord[] {
  const rows = sql.all(`${select} WHERE is_ended = 0 AND name > ? ORDER BY name LIMIT ?`, afterName, limit)
  return rows.map((row) => recordOf(sql, row))
}

function recordOf(sql: Statements, row: Row): FunctionRecord {
  const instances = bodies<Instance>(
    sql.all(
      `SELECT body FROM instances WHERE job_id = ?
         AND NOT (body ->> 'isReleased' = 1 AND body ->> 'state' IN ('completed', 'failed', 'stopped')) ORDER BY id`,
      String(row.id),
    ),
  )
  const of = bodyOf<InferenceFunction>(row)
  return { function: of, touched: Number(row.touched), costUsd: Number(row.cost_usd), instances }
}

// History is added once: a key that is already there keeps its first row. What a job may pile up is bounded here, in the
// same transaction.
import type { Evaluation, InstanceEvent, Round, RoundTotals } from '#control-plane/model/history.ts'
import { storeConfig as config } from '../config.ts'
import { decode, encode } from '#runtime/encoding.ts'
import { addRound, mergeOldRounds } from '../merge-rounds.ts'
import type { Change } from '../store.ts'
import { appendLedgerEntry } from './append-ledger.ts'
import { bodies } from './read-rows.ts'
import type { Statements } from './statements.ts'

type History = Extract<Change, { readonly kind: 'ledger' | 'round' | 'evaluation' | 'event' | 'plan' }>

export function appendHistory(sql: Statements, change: History): void {
  switch (change.kind) {
    case 'ledger':
      appendLedgerEntry(sql, change.entry)
      break
    case 'round':
      appendRound(sql, change.round)
      break
    case 'evaluation':
      appendEvaluation(sql, change.evaluation)
      break
    case 'event':
      appendEvent(sql, change.event)
      break
    case 'plan':
      appendPlan(sql, change)
      break
  }
}

function appendRound(sql: Statements, round: Round): void {
  const { jobId, region, number } = round
  // A round that was merged into another record is there too.
  const holder = sql.get(
    'SELECT first_number FROM rounds WHERE job_id = ? AND region = ? AND number >= ? ORDER BY number LIMIT 1',
    jobId,
    region,
    number,
  )
  if (holder !== null && Number(holder.first_number) <= number) return
  insertRound(sql, round)
  const row = sql.get('SELECT kept, body FROM round_totals WHERE job_id = ? AND region = ?', jobId, region)
  const totals = addRound(row === null ? null : decode<RoundTotals>(String(row.body)), round)
  const kept = Number(row?.kept ?? 0) + 1
  sql.run(
    'INSERT OR REPLACE INTO round_totals (job_id, region, kept, body) VALUES (?, ?, ?, ?)',
    jobId,
    region,
    kept > config.roundRecordsMax ? mergeStoredRounds(sql, jobId, region) : kept,
    encode(totals),
  )
}

function insertRound(sql: Statements, round: Round): void {
  sql.run(
    'INSERT INTO rounds (job_id, region, number, first_number, body) VALUES (?, ?, ?, ?, ?)',
    round.jobId,
    round.region,
    round.number,
    round.firstNumber,
    encode(round),
  )
}

/** The number of records that are left. */
function mergeStoredRounds(sql: Statements, jobId: string, region: string): number {
  const rounds = bodies<Round>(
    sql.all('SELECT body FROM rounds WHERE job_id = ? AND region = ? ORDER BY number', jobId, region),
  )
  const merged = mergeOldRounds(rounds, config.keepRounds)
  const untouched = new Set(rounds)
  const made = merged.filter((round) => !untouched.has(round))
  for (const { firstNumber, number } of made)
    sql.run(
      'DELETE FROM rounds WHERE job_id = ? AND region = ? AND number BETWEEN ? AND ?',
      jobId,
      region,
      firstNumber,
      number,
    )
  for (const round of made) insertRound(sql, round)
  return merged.length
}

function appendEvaluation(sql: Statements, evaluation: Evaluation): void {
  const { jobId, region, atMs, isFinal } = evaluation
  sql.run(
    'INSERT OR IGNORE INTO evaluations (job_id, region, at_ms, is_final, body) VALUES (?, ?, ?, ?, ?)',
    jobId,
    region,
    atMs,
    isFinal ? 1 : 0,
    encode(evaluation),
  )
  const kept = Number(sql.get('SELECT count(*) AS n FROM evaluations WHERE job_id = ?', jobId)?.n)
  if (kept <= config.evaluationsMax) return
  sql.run(
    `DELETE FROM evaluations WHERE job_id = ? AND is_final = 0 AND rowid IN (
       SELECT id FROM (SELECT rowid AS id, row_number() OVER (ORDER BY at_ms, region) AS place
         FROM evaluations WHERE job_id = ? AND is_final = 0) WHERE place % 2 = 0)`,
    jobId,
    jobId,
  )
}

function appendEvent(sql: Statements, event: InstanceEvent): void {
  const { jobId, atMs } = event
  sql.run('INSERT INTO events (job_id, at_ms, body) VALUES (?, ?, ?)', jobId, atMs, encode(event))
  sql.run(
    `DELETE FROM events WHERE job_id = ? AND number <=
       (SELECT number FROM events WHERE job_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
    jobId,
    jobId,
    config.eventsMax,
  )
}

/** Of too many the first one stays, which says how it all began, and the newest. */
function appendPlan(sql: Statements, { jobId, plan, input }: Extract<History, { readonly kind: 'plan' }>): void {
  const [body, decidedOn] = [encode(plan), input === null ? null : encode(input)]
  sql.run('INSERT INTO plans (job_id, version, body, input) VALUES (?, ?, ?, ?)', jobId, plan.version, body, decidedOn)
  sql.run(
    `DELETE FROM plans WHERE job_id = ? AND number <=
       (SELECT number FROM plans WHERE job_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)
       AND number > (SELECT min(number) FROM plans WHERE job_id = ?)`,
    jobId,
    jobId,
    config.plansMax,
    jobId,
  )
}

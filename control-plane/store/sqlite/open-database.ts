// Opens the database so that what it acknowledges is on disk, for one process only, at the newest schema.
import { DatabaseSync } from 'node:sqlite'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { migrations } from './migrations.ts'

/** "CLDL": tells our database from any other SQLite file. */
const applicationId = 0x434c444c

export type DatabaseOptions = {
  /** A file, or ":memory:" for simulations. */
  readonly path: string
  readonly bytesMax: number
}

export function openDatabase({ path, bytesMax }: DatabaseOptions): DatabaseSync {
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(path, { enableForeignKeyConstraints: true })
    prepare(database, path, bytesMax)
    return database
  } catch (error) {
    database?.close()
    throw sqliteError(`open the database ${path}`, error)
  }
}

function prepare(database: DatabaseSync, path: string, bytesMax: number): void {
  // An exclusive lock keeps a second control plane off the same folder; the system frees it even after kill -9.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  const pageBytes = numberOf(database, 'page_size')
  database.exec(`PRAGMA max_page_count = ${Math.floor(bytesMax / pageBytes)}`)
  const found = numberOf(database, 'application_id')
  const version = numberOf(database, 'user_version')
  const isEmpty = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n === 0
  if (found !== applicationId && !isEmpty)
    throw new CloudlessError('conflict', 'NOT_OUR_DATABASE', `${path} is not a Cloudless database`)
  const newest = migrations.at(-1)!.version
  if (version > newest)
    throw new CloudlessError(
      'conflict',
      'NEWER_DATABASE',
      `${path} has schema version ${version}, but this program knows versions up to ${newest}; use the newer program`,
    )
  for (const migration of migrations) if (migration.version > version) migrate(database, migration.version)
}

/** Each migration is one transaction with the version it leads to, so that a crash between two leaves neither half. */
function migrate(database: DatabaseSync, version: number): void {
  const migration = migrations.find((candidate) => candidate.version === version)!
  inTransaction(database, () => {
    database.exec(migration.statements)
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`)
  })
}

export function inTransaction<T>(database: DatabaseSync, run: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = run()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // SQLite itself rolls back when the disk is full; a second ROLLBACK would hide the first error.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function numberOf(database: DatabaseSync, pragma: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0)
}

/** SQLite's primary result codes that an operator can act on. */
export function sqliteError(doing: string, error: unknown): unknown {
  if (error instanceof CloudlessError) return error
  const code = (error as { readonly errcode?: number } | null)?.errcode
  if (code === undefined) return error
  const text = messageOf(error)
  const make = (kind: 'exhausted' | 'unavailable' | 'internal', reason: string, why: string): CloudlessError =>
    new CloudlessError(kind, reason, `cannot ${doing}: ${why} (${text})`, { cause: error })
  switch (code & 0xff) {
    case 5:
    case 6:
      return make('unavailable', 'DATABASE_LOCKED', 'another control plane is using it')
    case 8:
      return make('unavailable', 'DISK_NOT_WRITABLE', 'it is read-only')
    case 10:
      return make('unavailable', 'DISK_ERROR', 'the disk reported an error')
    case 11:
    case 26:
      return make('internal', 'DATABASE_DAMAGED', 'the file is damaged or no database; restore it from a backup')
    case 13:
      return make('exhausted', 'DISK_FULL', 'the disk is full or the database has reached its limit')
    case 14:
      return make('unavailable', 'DISK_NOT_WRITABLE', 'the file cannot be opened; check the folder and its permissions')
    default:
      return error
  }
}

// The store of a data folder, and one in memory for simulations.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { memoryBlobs, openBlobs, type Blobs } from './blobs.ts'
import { storeConfig } from './config.ts'
import { withDiskErrors } from './disk.ts'
import { memoryLogs, openLogs } from './logs.ts'
import { openDatabase } from './sqlite/open-database.ts'
import { SqliteStore } from './sqlite/sqlite-store.ts'
import type { Store } from './store.ts'

export type StoreOptions = { readonly databaseBytesMax?: number; readonly logBytesMaxPerInstance?: number }

export async function openStore(folder: string, options: StoreOptions = {}): Promise<Store> {
  const blobs = await openFolder(folder)
  const logs = openLogs(join(folder, 'logs'), {
    bytesMaxPerInstance: options.logBytesMaxPerInstance ?? storeConfig.logBytesMaxPerInstance,
  })
  const bytesMax = options.databaseBytesMax ?? storeConfig.databaseBytesMax
  return new SqliteStore(openDatabase({ path: join(folder, 'cloudless.db'), bytesMax }), blobs, logs)
}

async function openFolder(folder: string): Promise<Blobs> {
  try {
    return await withDiskErrors(`open the data folder ${folder}`, async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return openBlobs(join(folder, 'blobs'))
    })
  } catch (error) {
    if (error instanceof CloudlessError) throw error
    const text = `cannot use ${folder} as the data folder: ${messageOf(error)}`
    throw new CloudlessError('unavailable', 'NO_DATA_FOLDER', text, { cause: error })
  }
}

/** The same database without a file: nothing survives `close`. */
export function memoryStore(): Store {
  const database = openDatabase({ path: ':memory:', bytesMax: storeConfig.databaseBytesMax })
  return new SqliteStore(database, memoryBlobs(), memoryLogs())
}

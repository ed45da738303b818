// Everything between a partition and its workers, wired together: the service they call, the bell they ring, the files
// they share and the sessions that tell who is there.
import { rmdirSync } from 'node:fs'
import { join } from 'node:path'
import type { WorkerServiceHandlers } from '#proto/generated/cloudless/v1/WorkerService.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { BellServer } from './bell-server.ts'
import { Sessions, type SessionsOptions } from './sessions.ts'
import { workerService, type WorkerJob } from './worker-service.ts'

export type WorkerExchangeOptions = SessionsOptions & {
  readonly job: WorkerJob
  /** Unix socket of the bell; in `sharedDir` when absent. */
  readonly bellPath?: string
}

export type WorkerExchange = {
  /** To be served as cloudless.v1.WorkerService. */
  readonly service: Implementation<WorkerServiceHandlers>
  /** Members just now. */
  readonly workers: () => number
  /** Ends every session and removes the shared files, and the folder if nothing else is in it. */
  readonly stop: () => Promise<void>
}

export async function openWorkerExchange(options: WorkerExchangeOptions): Promise<WorkerExchange> {
  const { side, memory, clock, log, job } = options
  const bellPath = options.bellPath ?? join(options.sharedDir, 'bell.sock')
  const sessions = new Sessions(options)
  sessions.start()
  const bell = new BellServer({ path: bellPath, side, sessions, memory, log })
  await bell.start()
  return {
    service: workerService({ job, side, sessions, memory, bellPath, clock }),
    workers: () => sessions.count,
    stop: async () => {
      sessions.stop()
      await bell.stop()
      removeIfEmpty(options.sharedDir)
    },
  }
}

/** The folder lies in memory, where nobody else tidies up; what others put into it stays. */
function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error
  }
}

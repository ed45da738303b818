// StreamLogs: what the instances of a job wrote, instance by instance, then what they go on writing.
import type { StreamLogsRequest__Output } from '#proto/generated/cloudless/v1/StreamLogsRequest.ts'
import type { StreamLogsResponse } from '#proto/generated/cloudless/v1/StreamLogsResponse.ts'
import { endStates } from '#control-plane/model/job.ts'
import type { Instance } from '#control-plane/model/snapshot.ts'
import type { Logs } from '#control-plane/store/logs.ts'
import type { JobRecord, Store } from '#control-plane/store/store.ts'
import type { Clock } from '#runtime/clock.ts'
import { invalid, notFound } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'
import { Changes } from './watch.ts'

export async function* streamLogs(
  store: Store,
  clock: Clock,
  request: StreamLogsRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<StreamLogsResponse, void> {
  const { jobId, instanceId, follow, tailLines } = request
  if (tailLines > apiConfig.tailLinesMax)
    throw invalid([
      { field: 'tail_lines', description: `is ${tailLines}; at most ${apiConfig.tailLinesMax}, or 0 for all` },
    ])
  const changes = Changes.ofJob(store, jobId, true)
  const offsets = new Map<string, number>()
  try {
    for (;;) {
      const record = await store.job(jobId)
      if (record === null) throw notFound('job', jobId)
      const isLast = !follow || endStates.has(record.job.state)
      // The last lines of an ended job are still on their way.
      if (isLast && follow) await clock.sleep(apiConfig.logsLingerMs, signal)
      for (const instance of wanted(record, instanceId)) yield* news(store.logs, instance, offsets, tailLines)
      if (isLast || signal.aborted) return
      await changes.next(signal)
    }
  } finally {
    changes.stop()
  }
}

function wanted({ job, instances }: JobRecord, instanceId: string): readonly Instance[] {
  if (instanceId === '') return instances
  const found = instances.filter(({ id }) => id === instanceId)
  if (found.length === 0) throw notFound('instance', `${instanceId} of job ${job.id}`)
  return found
}

/** What an instance wrote since the last look. */
export async function* news(
  logs: Logs,
  { id, region, role }: Pick<Instance, 'id' | 'region' | 'role'>,
  offsets: Map<string, number>,
  tailLines: number,
): AsyncGenerator<StreamLogsResponse, void> {
  let offset = offsets.get(id) ?? (tailLines === 0 ? 0 : await tailOffset(logs, id, tailLines))
  for (;;) {
    const data = await logs.read(id, offset)
    offsets.set(id, offset)
    if (data.byteLength === 0) return
    yield { instanceId: id, region, role, offset, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) }
    offset += data.byteLength
  }
}

const newline = 10

/** Where the last `lines` lines begin. A last line without its end counts as one. */
async function tailOffset(logs: Logs, id: string, lines: number): Promise<number> {
  const starts: number[] = [0]
  let offset = 0
  for (;;) {
    const data = await logs.read(id, offset)
    if (data.byteLength === 0) break
    for (let at = data.indexOf(newline); at >= 0; at = data.indexOf(newline, at + 1)) starts.push(offset + at + 1)
    offset += data.byteLength
    starts.splice(0, starts.length - lines - 1)
  }
  const isOpen = starts.at(-1)! < offset
  return starts[Math.max(0, starts.length - lines - (isOpen ? 0 : 1))]!
}

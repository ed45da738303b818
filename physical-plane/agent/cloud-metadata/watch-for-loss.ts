// Asks again and again whether the machine will be taken away. A question that fails changes nothing that is known: a cloud
// that takes machines away is also one whose services stumble.
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { lossPollMs } from './config.ts'
import type { MachineMetadata } from './machine-metadata.ts'

export type WatchForLoss = {
  readonly metadata: Pick<MachineMetadata, 'endsAtMs'>
  readonly clock: Clock
  readonly log: Log
  /** Called with every change of what is announced. */
  readonly onChange: (endsAtMs: number | null) => void
}

/** Until the signal is aborted; never rejects. */
export async function watchForLoss(
  { metadata, clock, log, onChange }: WatchForLoss,
  signal: AbortSignal,
): Promise<void> {
  let known: number | null = null
  let hasFailed = false
  while (!signal.aborted) {
    try {
      const endsAtMs = await metadata.endsAtMs()
      if (endsAtMs !== known && !signal.aborted) {
        known = endsAtMs
        const at = endsAtMs === null ? null : new Date(endsAtMs).toISOString()
        log.warn({ endsAt: at }, at === null ? 'this machine stays after all' : 'this machine will be taken away')
        onChange(endsAtMs)
      }
      hasFailed = false
    } catch (error) {
      if (!hasFailed) log.warn({ why: messageOf(error) }, 'the cloud does not say whether this machine stays')
      hasFailed = true
    }
    await clock.sleep(lossPollMs, signal)
  }
}

// Looks gently at the machine's GPUs while the agent runs: they fall off the bus and come back. One that is missing in an answer
// is gone; when nothing answers, all are gone once that has happened several times in a row, since a driver may be slow.
import type { Clock } from '#runtime/clock.ts'
import type { Log } from '#runtime/log.ts'
import type { Device } from '../devices.ts'
import type { SmiAnswer } from './ask-smi.ts'

export type GpuWatch = {
  readonly ask: () => Promise<SmiAnswer>
  readonly devicesOf: (answer: SmiAnswer & { readonly kind: 'answered' }) => readonly Device[]
  readonly clock: Clock
  readonly log: Log
  readonly pollMs: number
  /** Failures in a row after which all GPUs are taken to be gone. */
  readonly failuresMax: number
  /** The GPUs changed. */
  readonly onChange: (devices: readonly Device[]) => void
}

export async function watchGpus(watch: GpuWatch, first: readonly Device[], signal: AbortSignal): Promise<void> {
  const { ask, devicesOf, clock, log, pollMs, failuresMax, onChange } = watch
  let known = first
  let failures = 0
  for (;;) {
    await clock.sleep(pollMs, signal)
    if (signal.aborted) return
    const answer = await ask()
    if (signal.aborted) return
    failures = answer.kind === 'answered' ? 0 : failures + 1
    if (failures === 1) log.warn({ why: answer.kind === 'failed' ? answer.why : 'it is absent' }, 'nvidia-smi fails')
    if (answer.kind !== 'answered' && failures < failuresMax) continue
    const now = answer.kind === 'answered' ? devicesOf(answer) : []
    if (sameDevices(known, now)) continue
    const ids = (devices: readonly Device[]): string => devices.map(({ id }) => id).join(', ')
    log.warn({ before: ids(known), now: ids(now) }, 'the GPUs of this machine changed')
    known = now
    onChange(now)
  }
}

function sameDevices(a: readonly Device[], b: readonly Device[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

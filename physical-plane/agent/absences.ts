// Why nobody answers for a function here, in a few words for whoever asks its gateway in vain. Not what its log says: that is for its
// owner (`cloudless function get`), and clients are anybody. Pure.
import type { InstanceLife } from './instance-life.ts'

type Seen = Pick<InstanceLife, 'jobId' | 'state' | 'reason'>

/** By function; those without an entry have no instance here, and none is known to fail. */
export function absencesOf(lives: readonly Seen[]): ReadonlyMap<string, string> {
  const told = new Map<string, string>()
  for (const { jobId, state, reason } of lives) {
    if (state === 'stopping' || state === 'stopped') continue
    const because = reason.split(/\n|; last lines of its log/, 1)[0]!
    // Of several the one that says what is wrong.
    if (because !== '' || !told.has(jobId)) told.set(jobId, because === '' ? 'one is being started' : because)
  }
  return told
}

export function absenceOf(functionId: string, known: ReadonlyMap<string, string>, isConnected: boolean): string {
  const because = known.get(functionId)
  const text = because ?? (isConnected ? 'one is asked for' : 'the control plane, which grants instances, is away')
  return text.length > 300 ? `${text.slice(0, 299)}…` : text
}

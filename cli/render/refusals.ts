// What a parameter server counts as refused, in words, with what to do about it. Its keys are "REASON of REGION"; a reason
// that is not listed here shows as it is, so that a newer server's are not hidden.

type Words = { readonly what: string; readonly next: string }

const sameVersion = 'run the same version of cloudless in every region'
const damaged: Words = {
  what: 'transfers that arrived damaged',
  next: 'they are fetched again; if it goes on, look for a faulty proxy or disk between',
}

const words: Readonly<Record<string, Words>> = {
  MALFORMED_ENCODING: { what: 'bytes that do not decode', next: sameVersion },
  INVALID_FIELD: { what: 'messages with a wrong field', next: sameVersion },
  PLAN_DIFFERS: { what: 'contributions made by another plan', next: sameVersion },
  SNAPSHOT_INVALID: { what: 'snapshots that can not be used', next: sameVersion },
  UNEXPECTED_INITIAL: { what: 'first parameters that only the root may send', next: sameVersion },
  WRONG_PROTOCOL_VERSION: { what: 'calls of another version of the protocol', next: sameVersion },
  PAYLOAD_DIFFERS: {
    what: 'payloads that are not what was announced',
    next: 'look at the memory and disk of that machine',
  },
  PAYLOAD_CORRUPT: damaged,
  CHUNK_CORRUPT: damaged,
  CHUNKS_TRUNCATED: damaged,
  UPDATE_NOT_FINITE: { what: 'values that are NaN or infinite', next: 'lower the learning rate or clip gradients' },
  LAYOUT_DIFFERS: { what: 'tensors of another model', next: 'the function must build one model in every region' },
  STRATEGY_DIFFERS: { what: 'updates of another strategy', next: sameVersion },
  TOO_STALE: { what: 'updates staler than the limit', next: 'raise sync.staleness_max' },
  UPDATES_LOST: { what: 'updates lost with a disk', next: 'nobody has them; the others go on without' },
  REFUSED_BY_PEER: { what: 'requests that it refused', next: 'the log of its parameter server says why' },
}

export function refusalText(key: string, times: number): string {
  const { reason, region } = /^(?<reason>[A-Z_]+) of (?<region>.+)$/.exec(key)?.groups ?? {}
  const known = reason === undefined ? undefined : words[reason]
  const count = times === 1 ? 'once' : `${times} times`
  if (known === undefined || region === undefined) return `${key}, ${count}`
  return `from ${region} ${known.what}, ${count} (${known.next})`
}

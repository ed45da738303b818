// Intervals and limits of rounds.

/** A region of which nothing was heard for this long is counted as away: nobody waits for it. */
export const silenceMs = 5000
/** A process that wakes so late stood still; for so long it then reads what came meanwhile before it takes anybody for away. */
export const stallMs = 1000
/** How long a region without a hub waits before it asks for votes; each region behind another `electionMs` more. */
export const quietMs = 2000
export const electionMs = 1500
/** How long others leave a candidate, and who votes for it, for making that durable: the longest checkpoint. */
export const voteMaxMs = 120_000
/** Applied rounds that a region keeps, so that who missed one needs no snapshot. */
export const recentRoundsMax = 4
/** A snapshot that nobody asks for any more is forgotten after this. */
export const snapshotKeptMs = 60_000
/** Before another region serves who asks for a snapshot; each one behind it after as much again. */
export const unservedMs = 10_000
/** Before something that failed, such as a fetch that a peer refused, is tried again: twice as long each time, up to this. */
export const taskRetryMs = 500
export const taskRetryMaxMs = 8000
/** The same while a snapshot is on its way to somebody, who then needs every round since. */
export const recentRoundsForSnapshotMax = 64
/** Payloads of recent rounds together, beyond the newest and those that somebody who takes a snapshot needs. */
export const recentBytesMax = 2 ** 28

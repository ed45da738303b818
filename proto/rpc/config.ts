// Limits of the remote calls. One place, so that both ends agree and a reader can judge them together.

/** Largest message either side takes, unless a service asks for another. Bulk data goes in chunks below this. */
export const messageBytesMax = 4 * 1024 * 1024

/** A unary call without a deadline of its own. */
export const unaryDeadlineMs = 30_000

/** The server ends a unary call after this, whatever the caller asked for. Streams live as long as their caller. */
export const unaryDeadlineMsMax = 300_000

/** Messages of one stream that are encoded and not yet handed to the network. A slow reader costs no more memory. */
export const writesInFlightMax = 4

/** Calls at the same time on one connection; more wait at the client. */
export const callsPerConnectionMax = 1_000

/** A silent connection is asked for a sign of life after this, and closed when none comes within the time-out. */
export const keepAliveMs = 10_000
export const keepAliveTimeoutMs = 20_000

/** Waits between attempts to connect again. */
export const reconnectMs = 200
export const reconnectMsMax = 3_000

/** What an error may add to the trailers. Peers commonly refuse 8 KiB of headers in all. */
export const errorTextBytesMax = 2_048
export const errorDetailsBytesMax = 4_096

/** Linux: 108 bytes with the closing zero. */
export const socketPathBytesMax = 107

/** Size of one chunk of a bulk transfer, and the bounds within which a sender may choose. */
export const chunkBytes = 512 * 1024
export const chunkBytesMin = 1
export const chunkBytesMax = 1024 * 1024

/** After a forced stop, the time in which aborted calls may still tell their callers. */
export const stopFlushMs = 50

// Limits and intervals of the links between regions. What is announced by another region is compared with these before
// anything is done with it.

/** Both sides of a link must speak the same one. */
export const protocolVersion = 2

/** Bytes of payload in one message, and the most that one may have. */
export const chunkBytes = 512 * 1024
export const chunkBytesMax = 2 ** 20
/** A payload: the largest replica. */
export const payloadBytesMax = 2 ** 31
export const payloadElementsMax = payloadBytesMax / 4
/** A message of a watch: it may hold a layout of 100,000 tensors. */
export const watchMessageBytesMax = 64 * 2 ** 20
/** A message of a fetch: one chunk and what the contract adds to it. */
export const fetchMessageBytesMax = chunkBytesMax + 4096

/** One call of Fetch asks for at most this much, and the server answers at most this many of a region at once. */
export const rangeBytesMax = 4 * 2 ** 20
export const rangeBytesMin = 16 * 1024
export const fetchesPerRegionMax = 512

/**
 * Bytes asked for and not yet received on one link: twice the bandwidth-delay product, within these bounds. Below the
 * first, a link is given what it carries in `windowMs`, so that neither a quick link starves nor a thin one is clogged.
 */
export const windowBytesMin = 2 ** 20
/** Before anything is known of the link. */
export const windowBytesFirst = 2 * 2 ** 20
export const windowBytesMax = 64 * 2 ** 20
export const windowMs = 100
/** Ranges that a window is cut into. */
export const rangesPerWindow = 4
/** One TCP connection is trusted with this much in flight; its send buffer ends at 4 MiB on a stock Linux. */
export const channelBytes = 3 * 2 ** 20
export const channelsMax = 8
/** HTTP/2 window of each connection: above anything that is ever in flight on it, unlike the 64 KiB of grpc-js. */
export const channelWindowBytes = 32 * 2 ** 20

/** Ranges of one link that are asked for at once, however small. */
export const rangesUnderWayMax = 64

/** Payloads being fetched from one region at the same time; a single larger one is fetched alone. */
export const fetchingBytesMax = 2 ** 30
/** Updates fetched ahead of the one that is being taken in, while they have at most this many bytes together. */
export const prefetchUpdates = 2
export const prefetchBytesMax = 2 ** 28
/** Headers that wait for their turn; beyond, their sender waits. */
export const headersWaitingMax = 256

export const pingMs = 1000
/** A watch on which nothing came for this long is opened again. */
export const silentMs = 15_000
/** A fetch on which nothing came for this long is asked for again on a new connection. */
export const stalledMs = 30_000
/** Pings that wait for their pongs to be sent. */
export const pongsWaitingMax = 16
/** Acknowledgements and pings that wait to be sent on one stream; a newer one says all that an older one says. */
export const requestsWaitingMax = 64
/** After a peer refused, or sent what had to be refused. */
export const refusalMs = 3000
/** The same trouble of a link is told again after this. */
export const troubleMs = 60_000
/** A payload of which this many answers had to be refused is given up. */
export const refusalsPerPayloadMax = 3
/** How long a stream that was told to end may take to say its last words. */
export const closingMs = 2000

/** A measurement of goodput covers at least this much, or it would measure buffers. */
export const sliceBytesMin = 256 * 1024
export const sliceMs = 250
/** A transfer that ends before that counts when it had at least this much. */
export const transferBytesMin = 2 ** 20
export const transferMsMin = 5
/** Round trips and rates remembered: the least and the greatest of them say what the link can do. */
export const roundTripsKept = 8
export const ratesKept = 16
/** Before anything was measured. */
export const roundTripMsDefault = 100

/** What a status may hold. */
export const regionsMax = 1000
export const textBytesMax = 1024
export const cursorBytesMax = 2 ** 20
export const recentProposalsMax = 64
export const fragmentsMax = 4096
export const intervalMax = 10_000_000
export const stepsPerSecondMax = 1e9
/** What a number may be that kernels take as a float32. */
export const float32Max = (2 - 2 ** -23) * 2 ** 127
export const vectorsMax = 256
export const vectorNameBytesMax = 128
export const stateBytesMax = 16 * 2 ** 20
/** Field violations that one refusal lists, and characters of a wrong value that it shows. */
export const violationsMax = 8
export const valueCharactersMax = 64

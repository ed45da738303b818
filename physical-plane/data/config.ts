// Limits and patience of moving training data between regions.

/** Files are hashed, fetched and checked in blocks of this size. */
export const blockBytes = 8 * 2 ** 20
/** Blocks of one file that one message lists. */
export const blocksPerMessage = 16
/** What a job may move from one region: files, and the length of a path. */
export const filesMax = 2_000_000
export const pathBytesMax = 4096
/** Blocks on their way here, over all sources. */
export const fetchingBytesMax = 64 * 2 ** 20
export const fetchingBlocksMax = 256
/** Listings that one place may have under way: one, and one that it left behind. */
export const listingsPerPlaceMax = 4
/** Left free on the disk that data is fetched to. */
export const diskReserveBytes = 256 * 2 ** 20
/** What was sent is durably known up to this much more, so that a crash counts too much rather than too little. */
export const countAheadBytes = 16 * 2 ** 20
/** How often the agent hears of it. */
export const statusMs = 1000
/** How often the round trip to a source is measured; at first as often in a row. */
export const roundTripMs = 10_000
export const firstRoundTrips = 3
/** Files that are written through to the disk at once. */
export const syncsAtOnce = 16
export const requestsMax = 16
export const closingMs = 2000

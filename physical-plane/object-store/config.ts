// Limits of object stores.

/** Bytes written or read at once, so that one large object leaves turns to others. */
export const blockBytes = 4 * 2 ** 20
/** The largest object: a vector of 2^30 float32 elements. */
export const objectBytesMax = 2 ** 32

// Limits of checkpoints in an object store.

/** Vectors up to this size are hashed where they are; larger ones on their own thread. */
export const hashInlineBytes = 256 * 1024
/** What one turn copies for the hashing thread: well under a millisecond. */
export const hashBlockBytes = 2 ** 20
/** The JSON of a manifest. */
export const manifestBytesMax = 2 ** 28

// Limits of the exchange between a parameter server and the workers of its partition.

export const protocolVersion = 1
/** Memberships at one time. */
export const sessionsMax = 1024
/** Text of a bell's answer; a longer one is cut. */
export const answerTextBytesMax = 4096
/** The shared file is read and checked in pieces that stay in the processor's cache. */
export const readChunkBytes = 1 << 20
/** Silent workers are looked for this often. */
export const sweepMs = 1000
/** Linux: 108 bytes with the closing zero. */
export const socketPathBytesMax = 107
export const identifierBytesMax = 256
export const metricsPerEvaluationMax = 256
/** A lease request that can not be granted is answered with "ask again" after this, well below any call's deadline. */
export const leaseWaitMs = 60_000

// Limits and intervals of a parameter server's exchange with other regions, its checkpoints and its agent.
// Limits of replicas and of the exchange with workers are in replica/config.ts and exchange/config.ts.

/** Of what is said to the agent; that between regions has its own. */
export const protocolVersion = 1

/** Sealed updates that some peer has not yet acknowledged; beyond, steps go on accumulating unsealed. */
export const outboxUpdatesMax = 8
/** The same in bytes; two updates are always allowed. */
export const outboxBytesMax = 2 ** 30

/** A changed state waits at most this long for its checkpoint. */
export const checkpointMs = 5000
/** The same after a peer's update, whose sender waits for the acknowledgement. */
export const checkpointAfterReceiptMs = 500
/** Between attempts to write a checkpoint that failed, for example on a full disk. */
export const checkpointRetryMs = 2000

export const reconnectMinMs = 200
export const reconnectMaxMs = 10_000
/** How long a stream that was told to end may take to say its last words. */
export const closingMs = 2000

/** What others had refused is counted under at most this many names; the agent and the control plane take 100. */
export const refusedNamesMax = 64

export const statusMs = 1000
/** Records that the agent has not taken; the oldest rounds go first, evaluations stay. */
export const recordsMax = 10_000
/** A finished model without any worker to evaluate it goes without after this; its workers may be gone for good. */
export const evaluatorAbsentMs = 1_800_000
/** After finishing, waits this long for peers, workers and the agent that are silent. */
export const lingerMs = 60_000

/** Outside of steps (after joining, between leases, in an evaluation) a worker may be silent for this many stall time-outs. */
export const idlePatience = 5

/** Weight of a step in the moving averages of loss and throughput. */
export const averageWeight = 0.05

/** Local steps of this much time together are one sample of their speed. */
export const paceSampleSeconds = 0.5

/** A measured figure is told to other regions anew when it has moved by more than this share of what was last said. */
export const figureNewsShare = 0.1

/** A process draws its incarnation among so many numbers, so that two of one region are told apart. */
export const incarnationsMax = 2 ** 47

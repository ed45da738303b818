// The gateway's limits and patience. Bodies and connections are bounded before anything is believed of a client.

export const gatewayConfig = {
  /** The routes file is looked at this often even where the file system tells of no change. */
  routesPollMs: 250,
  routesBytesMax: 8 * 2 ** 20,
  statusEveryMs: 500,
  /** Arrivals where nobody answers are told of at once, but not more often than this. */
  statusSpacingMs: 50,

  /** As instances have them. */
  bodyBytesMax: 32 * 2 ** 20,
  answerBytesMax: 64 * 2 ** 20,
  headerBytesMax: 16 * 1024,
  /** Bodies of all requests together, from their first byte to the last of their answers. */
  heldBytesMax: 512 * 2 ** 20,
  headersTimeoutMs: 10_000,
  /** A whole request, as a client sends it. */
  requestTimeoutMs: 30_000,
  connectionIdleMs: 75_000,
  connectionsMax: 16_384,
  grpcConnectionsMax: 4_096,
  grpcStreamsPerConnectionMax: 1_000,
  /** Top-level fields of a message before its model's name. */
  grpcFieldsMax: 64,
  nameCharactersMax: 200,

  timeoutMsDefault: 30_000,
  timeoutMsMax: 600_000,
  /** Deadlines are looked at this often. */
  sweepMs: 20,

  /** Requests that wait for one function, whatever its file says. */
  queuedMax: 20_000,
  /** Requests that wait for a function that nobody answers for yet. */
  queuedColdMax: 1_000,
  /** In flight at one instance: so many full batches, one that is computed and one that waits beside it. */
  batchesInFlight: 2,
  /** So that one connection's hand-over never leaves an instance without work. */
  inFlightMin: 2,
  inFlightMax: 512,
  /** Of the objective: what an instance may take with all that is in flight there before it gets less of it at once. */
  sloPartInFlight: 0.6,
  inFlightCut: 0.8,
  /** Of the objective: what a request is expected to take at most if it is to be taken. What is left is for what nobody expects: a line
   * that is longer answers no more, as instances are never without work anyway. */
  sloPartAnswered: 0.75,
  /** How long what was measured of a saturated function counts. */
  rateMemoryMs: 2_000,
  retryAfterMsMin: 100,
  retryAfterMsMax: 30_000,

  /** After a connection to an instance broke it gets nothing for so long, doubled each time. */
  suspectMs: 100,
  suspectMsMax: 2_000,
  /** One that let a request expire and answered nothing meanwhile gets others only where nobody else has room, for so long. */
  silentMs: 15_000,
  connectTimeoutMs: 2_000,
  /** Shorter than instances keep idle connections, so that no request meets one that is just being closed. */
  instanceIdleMs: 30_000,

  secondsKept: 60,
  burnShortSeconds: 300,
  burnLongSeconds: 3_600,
  /** At SIGTERM: how long what was begun may take to be answered. */
  drainMs: 10_000,
} as const

export type GatewayConfig = { readonly [K in keyof typeof gatewayConfig]: number }

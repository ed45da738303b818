// The manager's limits and constants. Those of Dilu (arXiv 2503.05130) and SpecInF (arXiv 2503.02550) carry their names;
// what differs from what was published says so. A value, so that tests hand in their own.

export const sharingConfig = {
  tickMs: 5,
  /** Between ticks while nothing was launched for `activeForMs`: a new process waits so long for its first order. */
  idleTickMs: 50,
  activeForMs: 1000,
  /** Interposers pass everything when the heartbeat is older: several idle ticks, and a late timer or two. */
  failOpenMs: 200,
  /** Dead processes are looked for so many slots a tick, those that hold others up first. */
  livenessChecksPerTick: 8,
  /** A protected process that is busy without launching for so long is looked at at every tick. */
  suspectAfterMs: 20,
  /** Uses and memory limits are told over so long. */
  useWindowMs: 1000,
  devicesMax: 64,
  /** Unknown tags and broken clients that are told of; more are only counted. */
  toldMax: 1000,
  /** Of one process. */
  complaintsMax: 3,

  shares: {
    /** Dilu's omega and gamma, in thousandths: sums of requests and of limits on one device. */
    requestSumMilliMax: 1000,
    limitSumMilliMax: 1500,
    /** Registered on one device at most. */
    instancesMax: 256,
  },

  tokens: {
    /** Balance that may pile up: time at the quota. Tides a client over a late tick. */
    confinedBurstMs: 20,
    /** Requests come in bursts; what counts is the share over about this long. */
    protectedBurstMs: 500,
    /** More debt is forgiven, so that one huge kernel or a broken counter does not stop a client for ever. */
    debtMsMax: 2000,
    /** From here on a quota is no limit. */
    wholeMilli: 1000,
  },

  /** Time on parts of a device (FaST-GShare, arXiv 2309.00558). */
  window: {
    windowMs: 40,
    /** Shorter tokens are not worth a launch. */
    tokenMsMin: 1,
    /** Beyond requests tokens may be longer than those: fewer hand-overs. */
    surplusMs: 4,
    /** Of others' tokens beside a function with an objective that has no room beside them: what it waits for at most. */
    pieceMs: 4,
    /** Ticks while somebody launches, and while nobody does. */
    tickMs: 2,
    idleTickMs: 10,
    /** Tokens are planned and told so far ahead: a tick that comes later costs somebody its turn. */
    aheadMs: 20,
    /** Looks ahead of one tick; the next one goes on from there. */
    looksMax: 12,
    /** Between two looks ahead at most: what was used in the last window leaves it meanwhile. */
    lookMs: 2,
    /** What begins within this is not taken back any more: its client may not hear of it in time, or has launched into it. */
    settleMs: 2,
    /** What is beyond a request ends so soon where somebody is owed its place: work in flight is done by then. */
    cutMs: 2,
    /** In flight of those whose surplus may be cut: pieces, and how long each. */
    segmentsMax: 3,
    segmentUs: 500,
    /** A holder without work for so long has given its token back. */
    returnAfterMs: 1.5,
    /** Places kept at once for clients that do not fit yet. */
    placesMax: 16,
    /** Longest hold of one launch: longer than any debt. */
    blockMaxMs: 2500,
    /** Overuse up to this is set off against the next token; more is paid back first, and more than the most is forgiven. */
    debtMsMin: 1,
    debtMsMax: 2000,
  },

  cycles: {
    /** Newest cycles of a size class that its base is taken from. */
    window: 200,
    basePercentile: 5,
    /** Fewer cycles of a class say nothing. */
    evidence: 10,
    /** Weight of the newest cycle in the inflation. */
    weight: 0.25,
    /** Cycles are at least so long in ratios: below it is the host's noise. */
    noiseUs: 200,
    classesMax: 16,
    /** Newest cycles that stand for latency where nobody measures it, and how many it takes for a high percentile. */
    latencyWindow: 64,
    latencyEvidence: 40,
  },

  dilu: {
    emergency: 1.6,
    emergencyTokenByToken: 1.3,
    recovery: 1.2,
    /** Published as "ignore"; here a cycle counts as at most so much, so that lasting contention of this size is still answered. */
    outlier: 4,
    growth: 1.3,
    /** Every so many cycles. */
    growthCycles: 5,
    /** Of the limit. */
    floor: 0.01,
    /** All latency clients idle for so long: the limit at once. */
    idleMs: 500,
    /** Another instance that launched within this is active. */
    activeMs: 50,
    /** At the floor and still over the objective for so long: told as exhausted. */
    exhaustedMs: 3000,
  },

  slo: {
    emergency: 0.9,
    recovery: 0.7,
    /** Under this inflation costs nothing that matters. */
    ample: 0.5,
    /** A figure that has not changed for so long says nothing. */
    freshMs: 15_000,
    /** Where cycles stand for latency: a new figure every so many. */
    cyclesPerFigure: 16,
  },

  barrier: {
    barrierUs: 0,
    barrierUsMax: 1000,
    /** A request whose host is late between two launches is still one. */
    patienceUs: 100_000,
    /** In flight of a confined client: about segments x length is what a request waits for at most. */
    segmentsMax: 4,
    segmentUs: 500,
    segmentUsMin: 125,
    /** Of the objective, all segments in flight together. */
    segmentsOfObjective: 0.1,
    /** Longest hold of one launch. */
    blockMaxMs: 1000,
    /** A client that waits and got less than this part of its request in the last second yields to nobody. */
    starvedBelow: 0.95,
  },

  bubbles: {
    /** Idle for so long: PROBE, then OPEN. */
    probeUs: 500,
    openUs: 2000,
    historyGaps: 64,
    /** Iterations of up to so many bubbles are recognised. */
    periodMax: 8,
    /** A bubble is foreseen as short as so few in a hundred of the newest at its position. */
    foreseenFrom: 8,
    foreseenPercentile: 25,
    weight: 0.3,
    /** The barrier before a bubble that is expected to open; before others it is `probeUs`. */
    eagerUs: 100,
    patienceUs: 200,
    segmentUs: 250,
    segmentsMax: 4,
  },

  fill: {
    /** Loss of the primary's iteration time that is allowed. */
    guard: 0.03,
    /** What filling is held to in the long run, so that with the guard's own mistakes it stays within that. */
    aim: 0.025,
    /** Owed beyond the aim, in iterations: from here on the budget is halved. More than `owedMax` is forgiven. */
    suspectOwed: 0.25,
    owedMax: 1,
    growth: 1.1,
    budgetMin: 0.05,
    /** Iterations without filling from which the solo time is taken at first, and again when it is in doubt. */
    soloIterations: 5,
    soloAgain: 3,
    /** One in so many keeps it true. */
    soloEvery: 100,
    /** Iterations between two changes of the budget. */
    patience: 5,
    /** An iteration with less filling than this part of it is solo. */
    soloBelow: 0.005,
    /** A bubble of so many times what was foreseen is another kind of bubble: it lasts on for this part of what it has lasted. */
    outlasts: 2,
    outlastPart: 0.5,
    /** Idle for so long, the primary is measured by nothing that is filled meanwhile. */
    pauseMs: 250,
    /** Without iterations for so long there is nothing to guard by: filled by the barrier alone. */
    blindAfterMs: 30_000,
    /** Longest hold of one launch: a long unit of work that fits no bubble goes once in so long. */
    blockMaxMs: 5000,
    /** Weight of the newest iteration. */
    weight: 0.2,
  },
} as const

export type SharingConfig = typeof sharingConfig

// Fast vertical scaling after Dilu (arXiv 2503.05130): one level per device says how far confined clients may go towards their
// limits, and the worst-off latency client moves it. Factors 1.6 (token by token 1.3), 1.2, 4.0 and 1.3, five cycles and the
// floor of 0.01 as published. Not as published, on purpose: cycles are judged relative to their own size class, not by 30 ms;
// one level per device; acted on only when a new cycle or figure has come; an inflation beyond 4 is answered as 4; with an
// objective, an inflation that it can afford (latency under 0.7 of it) is no emergency. The request stays (shares.ts). Pure.
import type { SharingConfig } from './config.ts'
import type { SloVerdict } from './slo.ts'

export type DiluState = 'EMERGENCY' | 'RECOVERY' | 'CONTENTION' | ''

export type LatencyClient = {
  readonly instanceId: string
  readonly isTokenByToken: boolean
  readonly inflation: number | null
  readonly cyclesSeen: number
  readonly idleMs: number
  readonly slo: SloVerdict
}

export type Level = {
  /** 0.01 to 1, of the confined clients' limits. */
  readonly level: number
  readonly state: DiluState
  readonly because: string
  /** Who was worst off; its inflation is to be forgotten when `hasActed` on it. */
  readonly worst: string | null
  readonly hasActed: boolean
  /** By instance: what has been acted on. */
  readonly acted: ReadonlyMap<string, { readonly cyclesSeen: number; readonly sloRevision: number }>
}

type Config = SharingConfig['dilu']

export const firstLevel: Level = {
  level: 1,
  state: '',
  because: 'no latency client is active',
  worst: null,
  hasActed: false,
  acted: new Map(),
}

/** `floor`: below it no quota would change, so the level does not go there and need not come back from there. */
export function moveLevel(
  before: Level,
  clients: readonly LatencyClient[],
  config: Config,
  floor: number = config.floor,
): Level {
  const active = clients.filter((client) => client.idleMs <= config.idleMs)
  if (active.length === 0)
    return { ...firstLevel, because: clients.length === 0 ? firstLevel.because : idleReason(clients, config) }
  const judged = active.map((client) => ({ client, ...judge(client, config) }))
  // The worst off decides; ties go to the lower id.
  judged.sort((a, b) => urgency[b.state] - urgency[a.state] || b.factor - a.factor || compare(a.client, b.client))
  const worst = judged[0]!
  const { client, state, factor } = worst
  const told = { worst: client.instanceId, state, because: worst.because }
  const last = before.acted.get(client.instanceId) ?? { cyclesSeen: 0, sloRevision: -1 }
  const keep = { ...before, ...told, hasActed: false, acted: onlyOf(before.acted, clients) }
  if (state === 'EMERGENCY') {
    // Neither a new cycle nor a new figure: the last cut has not been seen yet.
    const hasNews = worst.isByFigure ? client.slo.revision !== last.sloRevision : client.cyclesSeen > last.cyclesSeen
    if (!hasNews) return keep
    return acted(keep, client, Math.max(floor, before.level / factor))
  }
  if (state === 'RECOVERY' && before.level < 1) {
    if (client.cyclesSeen - last.cyclesSeen < config.growthCycles) return keep
    return { ...acted(keep, client, Math.min(1, before.level * config.growth)), hasActed: false }
  }
  return keep
}

type Judgement = {
  readonly state: Exclude<DiluState, ''>
  readonly factor: number
  readonly because: string
  /** Decided by the latency figure, not by cycles. */
  readonly isByFigure: boolean
}

const urgency = { EMERGENCY: 3, CONTENTION: 2, RECOVERY: 1 } as const

function judge(client: LatencyClient, config: Config): Judgement {
  const emergency = client.isTokenByToken ? config.emergencyTokenByToken : config.emergency
  const { slo, instanceId } = client
  const inflation = client.inflation ?? 1
  const inflated = `cycles of ${instanceId} take ${inflation.toFixed(2)} times their base`
  const factor = Math.min(Math.max(inflation, 1), config.outlier)
  if (slo.kind === 'emergency') {
    const by = Math.min(Math.max(factor, slo.ratio ?? 1, config.growth), config.outlier)
    return { state: 'EMERGENCY', factor: by, because: `${instanceId}: ${slo.because}`, isByFigure: true }
  }
  const isAffordable = slo.kind === 'ample' || slo.kind === 'recovery'
  if (inflation >= emergency && !isAffordable)
    return { state: 'EMERGENCY', factor, because: `${inflated} (${emergency} is too much)`, isByFigure: false }
  const isCalm = inflation < config.recovery && (slo.kind === 'recovery' || slo.kind === 'unknown')
  if (isCalm || slo.kind === 'ample')
    return { state: 'RECOVERY', factor, because: `${inflated}, ${slo.because}`, isByFigure: false }
  return { state: 'CONTENTION', factor, because: `${inflated}, ${slo.because}`, isByFigure: false }
}

function acted(keep: Level, client: LatencyClient, level: number): Level {
  const done = { cyclesSeen: client.cyclesSeen, sloRevision: client.slo.revision }
  return { ...keep, level, hasActed: true, acted: new Map(keep.acted).set(client.instanceId, done) }
}

function onlyOf<T>(map: ReadonlyMap<string, T>, clients: readonly LatencyClient[]): ReadonlyMap<string, T> {
  return new Map([...map].filter(([id]) => clients.some((client) => client.instanceId === id)))
}

function idleReason(clients: readonly LatencyClient[], config: Config): string {
  const idleMs = Math.min(...clients.map((client) => client.idleMs))
  return `all ${clients.length} latency clients have been idle for ${idleMs === Infinity ? 'ever' : `${idleMs.toFixed(0)} ms`} (${config.idleMs} ms is enough)`
}

function compare(a: LatencyClient, b: LatencyClient): number {
  return a.instanceId < b.instanceId ? -1 : 1
}

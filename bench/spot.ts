// Jobs with deadlines on recorded availability of spot V100s in nine zones of AWS: how many deadlines are met and at what cost,
// by what decides between spot and on demand (control-plane/scheduler/spot-or-on-demand.ts), against on demand only, against
// greedy policies, and against the least that hindsight could have paid. Needs the traces, which have no licence and do not
// come with Cloudless: they are looked for beside the repository, or in the folder that CLOUDLESS_SPOT_TRACES names.
// Prices are the bundled catalogue's, of a V100 in us-east-1. One machine at a time; a change takes one tick of 195 s.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { plainClass } from '#control-plane/model/device-class.ts'
import { parseTrace } from '#control-plane/simulation/availability.ts'
import { spotOrOnDemand } from '#control-plane/scheduler/spot-or-on-demand.ts'
import { loadCatalogue } from '#regions/load-catalogue.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { optimum } from './spot/optimum.ts'
import { play, type Capacity, type Game, type Moment } from './spot/play.ts'

/** Deadline over work. */
const slacks = [1.1, 1.25, 1.5, 2] as const
const workTicks = 443
const startsPerTrace = 12

type Zone = { readonly name: string; readonly isThere: readonly boolean[]; readonly gapSeconds: number }

type PolicyOf = (game: Game) => (moment: Moment) => Capacity

const policies: Readonly<Record<string, PolicyOf>> = {
  ours,
  // As "Can't Be Late" has it: on demand as soon as progress is behind, until it is ahead by two changes.
  even_progress: evenProgress,
  on_demand: () => () => 'on-demand',
  // Spot whenever it is there; on demand once it would be too late otherwise.
  greedy: (game) => (moment) => {
    const ticksLeft = game.isThere.length - moment.tick
    if (moment.now === 'on-demand' || ticksLeft <= moment.left + 2) return 'on-demand'
    return moment.isSpotThere ? 'spot' : 'none'
  },
  spot_only: () => (moment) => (moment.isSpotThere ? 'spot' : 'none'),
}

export async function run({ note }: BenchOptions): Promise<BenchResult> {
  const folder = process.env['CLOUDLESS_SPOT_TRACES'] ?? join(import.meta.dirname, '../../shared/data/spot-traces')
  if (!existsSync(folder)) {
    note(`no traces in ${folder}: set CLOUDLESS_SPOT_TRACES to a folder of run-length JSON files; nothing was measured`)
    return { skipped: true }
  }
  const index = indexCatalogue(await loadCatalogue())
  const device = plainClass('nvidia-v100')
  const onDemand = index.price('aws/us-east-1', device)
  const spot = index.price('aws/us-east-1', { ...device, market: 'spot' })
  if (onDemand === null || spot === null) throw new Error('the catalogue has no price of a V100 in us-east-1')
  const zones = zonesIn(folder)
  const all = anyOf(zones)
  const keys: Record<string, number> = {
    zones: zones.length,
    spot_price_ratio: spot.usdPerUnitHour / onDemand.usdPerUnitHour,
  }
  const wholes = new Map<string, Sums>()
  for (const slack of slacks) {
    const games = zones.flatMap((zone) => gamesOn(zone, slack, spot.usdPerUnitHour, onDemand.usdPerUnitHour))
    add(keys, `slack_${slack}`, score(games), wholes)
  }
  const together = slacks.flatMap((slack) => gamesOn(all, slack, spot.usdPerUnitHour, onDemand.usdPerUnitHour))
  add(keys, 'any_zone', score(together), new Map())
  for (const [name, sums] of wholes) Object.assign(keys, ratesOf(`all_${name}`, sums))
  // How much of what greedy wastes is saved, 1 being what hindsight could have.
  const usd = (name: string): number => wholes.get(name)?.usd ?? 0
  const closedBy = (name: string): number => (usd('greedy') - usd(name)) / (usd('greedy') - usd('optimum'))
  keys['greedy_gap_closed'] = closedBy('ours')
  keys['greedy_gap_closed_even_progress'] = closedBy('even_progress')
  return keys
}

function ours({ isThere, work }: Game): (moment: Moment) => Capacity {
  return ({ tick, left, now, isSpotThere }) =>
    spotOrOnDemand({
      workSeconds: work,
      leftSeconds: left,
      secondsSinceStart: tick,
      secondsToDeadline: isThere.length - tick,
      changeSeconds: 1,
      now,
      isSpotThere,
    })
}

function evenProgress({ isThere, work }: Game): (moment: Moment) => Capacity {
  return ({ tick, left, now, isSpotThere }) => {
    if (isThere.length - tick <= left + 2) return 'on-demand'
    if (isSpotThere) return 'spot'
    const ahead = work - left - (work * tick) / isThere.length
    return ahead < (now === 'on-demand' ? 2 : 0) ? 'on-demand' : 'none'
  }
}

type Sums = { usd: number; onDemandUsd: number; met: number; games: number }

function score(games: readonly Game[]): ReadonlyMap<string, Sums> {
  const sums = new Map<string, Sums>()
  const note = (name: string, game: Game, usd: number, isInTime: boolean): void => {
    const sum = sums.get(name) ?? { usd: 0, onDemandUsd: 0, met: 0, games: 0 }
    sum.usd += usd
    sum.onDemandUsd += (game.work + 1) * game.onDemandUsd
    sum.met += isInTime ? 1 : 0
    sum.games += 1
    sums.set(name, sum)
  }
  for (const game of games) {
    for (const [name, policyOf] of Object.entries(policies)) {
      const { usd, isInTime } = play(game, policyOf(game))
      note(name, game, usd, isInTime)
    }
    const usd = optimum(game)
    note('optimum', game, usd, Number.isFinite(usd))
  }
  return sums
}

function add(
  keys: Record<string, number>,
  prefix: string,
  scored: ReadonlyMap<string, Sums>,
  wholes: Map<string, Sums>,
): void {
  for (const [name, sums] of scored) {
    Object.assign(keys, ratesOf(`${prefix}_${name}`, sums))
    const whole = wholes.get(name) ?? { usd: 0, onDemandUsd: 0, met: 0, games: 0 }
    for (const key of ['usd', 'onDemandUsd', 'met', 'games'] as const) whole[key] += sums[key]
    wholes.set(name, whole)
  }
}

function ratesOf(name: string, { usd, onDemandUsd, met, games }: Sums): Record<string, number> {
  return { [`${name}_met`]: met / games, [`${name}_cost`]: usd / onDemandUsd }
}

/** Evenly over the trace. */
function gamesOn({ isThere, gapSeconds }: Zone, slack: number, spotPerHour: number, onDemandPerHour: number): Game[] {
  const ticks = Math.ceil(workTicks * slack)
  const [spotUsd, onDemandUsd] = [(spotPerHour * gapSeconds) / 3600, (onDemandPerHour * gapSeconds) / 3600]
  return Array.from({ length: startsPerTrace }, (_, i) => {
    const first = Math.floor((i * (isThere.length - ticks)) / (startsPerTrace - 1))
    return { isThere: isThere.slice(first, first + ticks), work: workTicks, spotUsd, onDemandUsd }
  })
}

function zonesIn(folder: string): readonly Zone[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
  if (files.length === 0) throw new Error(`${folder} has no trace; name a folder of run-length JSON files`)
  return files.map((file) => {
    const { gapSeconds, runs } = parseTrace(readFileSync(join(folder, file), 'utf8'), file, 'trace')
    return { name: file, gapSeconds, isThere: runs.flatMap(({ isThere, gaps }) => Array<boolean>(gaps).fill(isThere)) }
  })
}

/** As if a machine in any of them would do, and moving from one to another took no time: a ceiling. */
function anyOf(zones: readonly Zone[]): Zone {
  const ticks = Math.min(...zones.map(({ isThere }) => isThere.length))
  const isThere = Array.from({ length: ticks }, (_, tick) => zones.some((zone) => zone.isThere[tick] === true))
  return { name: 'any', gapSeconds: zones[0]!.gapSeconds, isThere }
}

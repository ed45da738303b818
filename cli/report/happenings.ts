// What happened beside the training itself: restarts, kills, failures, resumptions, pruned and absent regions, new hubs
// and plans.
import type { InstanceEvent__Output } from '#proto/generated/cloudless/v1/InstanceEvent.ts'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { firstRound, lastRound } from '../render/rounds.ts'
import type { JobHistory } from './job-history.ts'
import { reasonKind, regionOfInstance, regionReports } from './regions.ts'

export type Happening = {
  /** Since the start. */
  readonly seconds: number
  readonly region: string
  /**
   * "restart", "absent", "pruned", "hub", "plan", "replanned", "budget", "exited", "killed", "failed", "adopted", "reaped",
   * "resumed", "unattended".
   */
  readonly kind: string
  readonly text: string
}

/** Oldest first. */
export function listHappenings(history: JobHistory, startMs: number): readonly Happening[] {
  const { job, rounds, events } = history
  const regions = regionReports(history).map(({ region }) => region)
  const at = (atMs: number): number => Math.max(0, atMs - startMs) / 1000
  const found = [
    ...events.flatMap((event) => eventHappening(event, regionOfInstance(job.id, event.instanceId, regions), at)),
    ...regions.flatMap((region) => absenceHappenings(rounds, region, at)),
    ...changeHappenings(rounds, at),
  ]
  return found.sort((a, b) => a.seconds - b.seconds || (a.region < b.region ? -1 : 1))
}

function eventHappening(
  { instanceId, kind, text, attempt, atMs }: InstanceEvent__Output,
  region: string,
  at: (atMs: number) => number,
): readonly Happening[] {
  // Every instance starts once and exits once; that is no news.
  if (kind === 'started' && attempt <= 1) return []
  if (kind === 'exited' && text === '') return []
  // About a region, or about the job: the text says all of it.
  if (instanceId === '' || kind === 'pruned' || kind === 'resumed' || kind === 'unattended')
    return [{ seconds: at(atMs), region, kind, text }]
  // The region stands in its own column.
  const role = region === '' ? instanceId : instanceId.slice(instanceId.lastIndexOf('/') + 1)
  const what = kind === 'started' ? `started again, attempt ${attempt}` : text
  const name = kind === 'started' ? 'restart' : kind
  return [{ seconds: at(atMs), region, kind: name, text: what === '' ? role : `${role}: ${what}` }]
}

/** Records in a row that name a region absent for one reason are one happening, told by the region that named it in most. */
function absenceHappenings(
  rounds: readonly Round__Output[],
  region: string,
  at: (atMs: number) => number,
): readonly Happening[] {
  const tellers = [...Map.groupBy(rounds, (round) => round.region).values()].filter((told) =>
    told.some(({ absent }) => absent[region] !== undefined),
  )
  const count = (told: readonly Round__Output[]): number =>
    told.filter(({ absent }) => absent[region] !== undefined).length
  const teller = tellers.toSorted((a, b) => count(b) - count(a))[0] ?? []
  const happenings: Happening[] = []
  let run: Round__Output[] = []
  const close = (): void => {
    const [first, last] = [run[0], run.at(-1)]
    run = []
    if (first === undefined || last === undefined) return
    const [from, to] = [firstRound(first), lastRound(last)]
    const names = from === to ? `round ${to}` : `rounds ${from}-${to}`
    const why = last.absent[region] ?? ''
    const text = `took no part in ${names}${why === '' ? '' : `: ${why}`}`
    happenings.push({ seconds: at(first.atMs), region, kind: 'absent', text })
  }
  for (const round of teller) {
    const why = round.absent[region]
    const before = run.at(-1)?.absent[region]
    if (why === undefined || (before !== undefined && reasonKind(before) !== reasonKind(why))) close()
    if (why !== undefined) run.push(round)
  }
  close()
  return happenings
}

/**
 * New hubs, and plans that send something else than before, as the first region by name saw them: all change at the same
 * round. A plan that only shifts steps between regions is no news; there may be one in every round.
 */
function changeHappenings(rounds: readonly Round__Output[], at: (atMs: number) => number): readonly Happening[] {
  const own = rounds.filter(({ region }) => region === rounds[0]?.region)
  return own.flatMap((round, i): readonly Happening[] => {
    const before = own[i - 1]
    if (before === undefined) return []
    const seconds = at(round.atMs)
    const hub = {
      seconds,
      region: round.hub,
      kind: 'hub',
      text: `closes rounds from ${firstRound(round)} on, term ${round.term}`,
    }
    const fragments = round.fragments > 1 ? `, ${round.fragments} fragments` : ''
    const plan = `plan ${round.planVersion} from round ${firstRound(round)} on: ${round.codec}${fragments}`
    return [
      ...(round.hub !== '' && (round.hub !== before.hub || round.term !== before.term) ? [hub] : []),
      ...(round.codec === before.codec && round.fragments === before.fragments
        ? []
        : [{ seconds, region: '', kind: 'plan', text: plan }]),
    ]
  })
}

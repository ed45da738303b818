// What happened to a job, whole: all pages of its rounds, evaluations, events and plans.
import type { Evaluation__Output } from '#proto/generated/cloudless/v1/Evaluation.ts'
import type { InstanceEvent__Output } from '#proto/generated/cloudless/v1/InstanceEvent.ts'
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { limits } from './config.ts'
import type { JobClient } from './services.ts'

/** In ascending order of (region, number); of one region, or of all when it is empty. */
export async function allRounds(
  jobs: Pick<JobClient, 'listRounds'>,
  jobId: string,
  region: string,
  signal: AbortSignal,
): Promise<readonly Round__Output[]> {
  const pages = await allPages(async (pageToken) => {
    const request = { jobId, region, pageSize: limits.historyPageSize, pageToken }
    const { rounds, nextPageToken } = await jobs.listRounds(request, { signal })
    return { rows: rounds, nextPageToken }
  })
  return withoutRepeats(pages)
}

export function allEvaluations(
  jobs: Pick<JobClient, 'listEvaluations'>,
  jobId: string,
  signal: AbortSignal,
): Promise<readonly Evaluation__Output[]> {
  return allPages(async (pageToken) => {
    const request = { jobId, pageSize: limits.historyPageSize, pageToken }
    const { evaluations, nextPageToken } = await jobs.listEvaluations(request, { signal })
    return { rows: evaluations, nextPageToken }
  })
}

export function allEvents(
  jobs: Pick<JobClient, 'listEvents'>,
  jobId: string,
  signal: AbortSignal,
): Promise<readonly InstanceEvent__Output[]> {
  return allPages(async (pageToken) => {
    const request = { jobId, pageSize: limits.historyPageSize, pageToken }
    const { events, nextPageToken } = await jobs.listEvents(request, { signal })
    return { rows: events, nextPageToken }
  })
}

export function allPlans(
  jobs: Pick<JobClient, 'listPlans'>,
  jobId: string,
  signal: AbortSignal,
): Promise<readonly Plan__Output[]> {
  return allPages(async (pageToken) => {
    const request = { jobId, pageSize: limits.historyPageSize, pageToken }
    const { plans, nextPageToken } = await jobs.listPlans(request, { signal })
    return { rows: plans, nextPageToken }
  })
}

type Page<Row> = { readonly rows: readonly Row[]; readonly nextPageToken: string }

async function allPages<Row>(read: (pageToken: string) => Promise<Page<Row>>): Promise<readonly Row[]> {
  const all: Row[] = []
  let pageToken = ''
  for (let page = 0; page < limits.pagesMax; page++) {
    const { rows, nextPageToken } = await read(pageToken)
    all.push(...rows)
    if (nextPageToken === '') return all
    if (nextPageToken === pageToken)
      throw new CloudlessError('internal', 'PAGE_LOOP', `the server answered page token ${pageToken} with itself`)
    pageToken = nextPageToken
  }
  throw new CloudlessError('exhausted', 'TOO_MANY_PAGES', `the list has more than ${limits.pagesMax} pages`)
}

/** The server may merge old rounds between two pages; the merged record replaces those that it is made of. */
function withoutRepeats(rounds: readonly Round__Output[]): readonly Round__Output[] {
  const kept: Round__Output[] = []
  for (const round of rounds) {
    const first = round.rounds > 1 ? round.firstNumber : round.number
    while (kept.length > 0 && kept.at(-1)!.region === round.region && kept.at(-1)!.number >= first) kept.pop()
    kept.push(round)
  }
  return kept
}

// `cloudless jobs`: the newest jobs, or all of them page by page.
import { Command, Option } from 'commander'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import { JobState } from '#proto/generated/cloudless/v1/JobState.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { limits } from '../config.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { enumWord } from '../json.ts'
import { renderJobs } from '../render/job.ts'
import type { JobClient } from '../services.ts'

type Options = { readonly state?: readonly string[]; readonly all?: true }

const states = Object.values(JobState).filter((state) => state !== 'JOB_STATE_UNSPECIFIED')

export function jobsCommand(run: Run): Command {
  return new Command('jobs')
    .description('list jobs')
    .addOption(new Option('--state <state...>', 'only jobs in these states').choices(states.map(enumWord)))
    .option('--all', 'all pages, not only the first')
    .action(
      run(async (context, options: Options) => {
        using services = connect(context)
        const wanted = states.filter((state) => options.state?.includes(enumWord(state)) === true)
        const pagesMax = options.all === true ? limits.pagesMax : 1
        const { jobs, hasMore } = await listJobs(services.jobs, wanted, pagesMax, context.signal)
        context.output.result({ jobs }, () => renderJobs(jobs, context.output.style))
        if (hasMore) context.output.note('there are more; --all shows them')
        return exitCodes.ok
      }),
    )
}

export async function listJobs(
  client: Pick<JobClient, 'listJobs'>,
  wanted: readonly (typeof states)[number][],
  pagesMax: number,
  signal: AbortSignal,
): Promise<{ jobs: readonly Job__Output[]; hasMore: boolean }> {
  const jobs: Job__Output[] = []
  let pageToken = ''
  for (let page = 0; page < pagesMax; page++) {
    const answer = await client.listJobs({ pageSize: limits.pageSize, pageToken, states: [...wanted] }, { signal })
    jobs.push(...answer.jobs)
    if (answer.nextPageToken === '') return { jobs, hasMore: false }
    if (answer.nextPageToken === pageToken) {
      throw new CloudlessError('internal', 'PAGE_LOOP', `the server answered page token ${pageToken} with itself`)
    }
    pageToken = answer.nextPageToken
  }
  return { jobs, hasMore: true }
}

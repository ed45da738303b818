// node physical-plane/data/stager/main.ts --config FILE: fetches the data that a partition needs from other regions, started
// by the agent of the place where it runs. Exit code 0 once all of it is here, or when asked to stop; 2 for a wrong
// configuration, 1 on any other error.
import { parseArgs } from 'node:util'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import { openLog } from '#runtime/log.ts'
import { systemRandom } from '#runtime/random.ts'
import { bucketOpener } from '../bucket.ts'
import { readStagerConfig } from '../config-file.ts'
import { Endpoints } from '../endpoints.ts'
import { reportToAgent } from '../instance-report.ts'
import { dataServerOpener } from '../open-data-server.ts'
import { sourceNames, stageData } from '../stage-data.ts'
import { StagingProgress } from '../staging-progress.ts'

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined)
    throw invalid([{ field: '--config', description: 'is missing; give the file that the agent writes' }])
  const config = await readStagerConfig(values.config)
  const { jobId, region: place, sources, folder, instanceId, attempt, agentSocket } = config
  const clock = systemClock()
  const random = systemRandom()
  const log = openLog({ name: 'data-stager', level: config.logLevel, clock }).child({ jobId, place, attempt })
  const asked = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.once(name, () => asked.abort(new Error(`asked by ${name}`)))
  const endpoints = new Endpoints()
  const progress = new StagingProgress(sourceNames(sources))
  const over = new AbortController()
  const reporting = reportToAgent(
    {
      instanceId,
      attempt,
      agentSocket,
      status: () => ({
        staging: { bytesDone: progress.bytesDone, bytesTotal: progress.bytesTotal },
        wanBytesFetched: { ...progress.fetchedFromElsewhere(place) },
      }),
      onBook: (book) => {
        if (book.jobId === jobId) endpoints.replace(book.epoch, book.data)
      },
      clock,
      random,
      log,
    },
    over.signal,
  )
  const sinceMs = clock.monotonicMs()
  try {
    await stageData(
      {
        jobId,
        place,
        sources,
        folder,
        endpoints,
        progress,
        open: dataServerOpener(clock),
        openBucket: bucketOpener(process.env),
        clock,
        random,
        log,
      },
      asked.signal,
    )
    const seconds = (clock.monotonicMs() - sinceMs) / 1000
    log.info({ bytes: progress.bytesDone, seconds }, 'all data is here')
  } finally {
    over.abort()
    await reporting
  }
}

try {
  await main()
  process.exit(0)
} catch (error) {
  const wasAsked = error instanceof Error && error.message.startsWith('asked by ')
  if (!wasAsked) console.error(`data-stager: ${messageOf(error)}`)
  const isWrong = error instanceof CloudlessError && error.kind === 'invalid'
  process.exit(wasAsked ? 0 : isWrong ? 2 : 1)
}

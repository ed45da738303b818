// node physical-plane/data/server/main.ts --config FILE: gives a job's data in one region to the places that train on it,
// started by the region's agent. Exit code 0 when asked to stop, 2 for a wrong configuration, 1 on any other error.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { serve } from '#proto/rpc/serve.ts'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import { openLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { systemRandom } from '#runtime/random.ts'
import { BlockIndex } from '../block-index.ts'
import { closingMs } from '../config.ts'
import { readServerConfig } from '../config-file.ts'
import { createDataService } from '../data-service.ts'
import { reportToAgent } from '../instance-report.ts'
import { SentBytes } from '../sent-bytes.ts'

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined)
    throw invalid([{ field: '--config', description: 'is missing; give the file that the agent writes' }])
  const config = await readServerConfig(values.config)
  const { jobId, region, receivers, gives, instanceId, attempt, agentSocket, bindHost, advertiseHost } = config
  const clock = systemClock()
  const random = systemRandom()
  const log = openLog({ name: 'data-server', level: config.logLevel, clock }).child({ jobId, region, attempt })
  const asked = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.once(name, () => asked.abort(new Error(`asked by ${name}`)))
  const sent = await SentBytes.open(join(config.stateDir, 'sent-bytes.json'))
  const service = createDataService({ jobId, region, receivers, index: new BlockIndex(gives), sent, log })
  const server = await serve({
    clock,
    log,
    metrics: createMetrics(),
    services: { 'cloudless.v1.DataService': service },
    listen: { host: bindHost, port: 0 },
  })
  const endpoint = `${advertiseHost}:${server.address.slice(server.address.lastIndexOf(':') + 1)}`
  log.info({ endpoint, gives: gives.length }, 'data server listens')
  const status = () => {
    const { data, checkpoints } = sent.byPurpose()
    return { endpoint, wanBytesSent: { ...data }, wanBytesOfCheckpoints: { ...checkpoints } }
  }
  await reportToAgent({ instanceId, attempt, agentSocket, status, onBook: () => {}, clock, random, log }, asked.signal)
  await server.stop(closingMs)
  await sent.close()
}

try {
  await main()
  process.exit(0)
} catch (error) {
  console.error(`data-server: ${messageOf(error)}`)
  process.exit(error instanceof CloudlessError && error.kind === 'invalid' ? 2 : 1)
}

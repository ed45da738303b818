// node physical-plane/parameter-server/main.ts --config FILE: the parameter server of one partition, started by the
// region's agent. Exit code 0 after the agent knows that the partition has finished, or when asked to stop; 2 for a wrong
// configuration, 1 on any other error.
import { parseArgs } from 'node:util'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import { openLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { systemRandom } from '#runtime/random.ts'
import { readConfigFile } from './config-file.ts'
import { runParameterServer } from './parameter-server.ts'

try {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined)
    throw invalid([{ field: '--config', description: 'is missing; give the file that the agent writes' }])
  const config = await readConfigFile(values.config)
  const clock = systemClock()
  const { jobId, region, attempt, logLevel } = config
  const log = openLog({ name: 'parameter-server', level: logLevel, clock }).child({ jobId, region, attempt })
  const asked = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.once(name, () => asked.abort(new Error(`asked by ${name}`)))
  await runParameterServer(config, { clock, random: systemRandom(), log, metrics: createMetrics() }, asked.signal)
  process.exit(0)
} catch (error) {
  console.error(`parameter-server: ${messageOf(error)}`)
  process.exit(error instanceof CloudlessError && error.kind === 'invalid' ? 2 : 1)
}

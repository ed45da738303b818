// The gateway of one region as a process: reads its configuration, makes the real clock and sockets, and serves until SIGTERM. Its agent
// starts it and may die; it goes on with the routes that it has. Exit codes: 0 ended, 1 failed, 2 wrong configuration.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { systemClock, type Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { openLog, type Log } from '#runtime/log.ts'
import { pipelineRunner } from '#physical-plane/serving/pipelines/execution/run-pipeline.ts'
import { openGateway } from './open-gateway.ts'

const address = z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(65_535) })

const schema = z.strictObject({
  version: z.string(),
  http: address,
  grpc: address,
  /** Where others reach the ports, where that is not the host they are bound to. */
  advertiseHost: z.string(),
  routesPath: z.string().min(1),
  statusPath: z.string().min(1),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
})

async function main(path: string): Promise<void> {
  const config = schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  const clock = systemClock()
  const log = openLog({ name: 'gateway', level: config.logLevel, clock })
  const runPipeline = pipelineRunner({ clock })
  const gateway = await openGateway({ ...config, clock, log, pid: process.pid, runPipeline })
  log.info({ http: gateway.http, grpc: gateway.grpc }, 'the gateway answers')
  await new Promise<void>((resolve) => {
    for (const each of ['SIGTERM', 'SIGINT'] as const) process.on(each, () => resolve())
  })
  await ended(gateway.stop(), clock, log)
}

/** What was begun is answered, if that does not take too long. */
async function ended(stopping: Promise<void>, clock: Clock, log: Log): Promise<void> {
  const beganAtMs = clock.monotonicMs()
  await stopping
  log.info({ ms: Math.round(clock.monotonicMs() - beganAtMs) }, 'the gateway has ended')
}

try {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined) throw new CloudlessError('invalid', 'USAGE', 'usage: main.ts --config FILE')
  await main(values.config)
} catch (error) {
  process.stderr.write(`gateway: ${messageOf(error)}\n`)
  process.exitCode = error instanceof CloudlessError && error.kind === 'invalid' ? 2 : 1
}
process.exit()

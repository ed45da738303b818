// The control plane's process. Prints one line of JSON when it is ready; logs go to standard error. Exit codes: 0 after
// SIGTERM or SIGINT, 1 when it cannot start, 2 for a wrong command line.
import { serve } from '#proto/rpc/serve.ts'
import { loadLayers } from '#regions/load-catalogue.ts'
import { systemClock } from '#runtime/clock.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { openLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { systemRandom } from '#runtime/random.ts'
import { serveMetrics } from '#runtime/serve-metrics.ts'
import { CatalogueKeeper } from './catalogue-keeper.ts'
import { controlPlaneConfig } from './config.ts'
import { createControlPlane } from './control-plane.ts'
import { parseOptions, usage, type MainOptions } from './main-options.ts'
import { openClouds } from './open-clouds.ts'
import { openStore } from './store/open-store.ts'

async function run(options: MainOptions): Promise<void> {
  // Jobs, logs and models are for the account that runs the control plane, whatever folder it was given.
  process.umask(0o077)
  const { data, host, port, logLevel, pruneAfterMs } = options
  const clock = systemClock()
  const log = openLog({ name: 'control-plane', level: logLevel, clock })
  const metrics = createMetrics()
  const random = systemRandom()
  const clouds = await openClouds(options, { clock, random, environment: process.env })
  const keeper = new CatalogueKeeper({
    folder: options.fetchedFolder,
    load: (fetched) => loadLayers(options.catalogues, { withBundled: options.withBundledCatalogue, fetched }),
    adapters: clouds.asked,
    refreshEveryMs: options.refresh.everyMs,
    clock,
    log,
    metrics,
  })
  await keeper.open()
  const store = await openStore(data)
  const config = { pruneAfterMs }
  const controlPlane = createControlPlane({
    clock,
    random,
    log,
    metrics,
    store,
    catalogue: () => keeper.current(),
    fetched: () => keeper.fetched(),
    ...(clouds.listDataset === undefined ? {} : { listDataset: clouds.listDataset }),
    config,
  })
  const listen = { host, port }
  const server = await serve({ services: controlPlane.services, listen, clock, log, metrics, withReflection: true })
  const metricsServer = options.metricsListen === null ? null : await serveMetrics(metrics, options.metricsListen, log)
  controlPlane.start()
  keeper.start()
  let isStopping = false
  const stop = async (signal: string): Promise<void> => {
    if (isStopping) return
    isStopping = true
    log.info({ signal }, 'stopping')
    server.setServing(false)
    await keeper.stop()
    await controlPlane.stop()
    await server.stop(controlPlaneConfig.stopGraceMs)
    await metricsServer?.stop()
    clouds.close()
    store.close()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))
  log.info({ address: server.address, data, catalogue: keeper.current().version }, 'control plane ready')
  process.stdout.write(
    `${JSON.stringify({ ready: true, address: server.address, ...(metricsServer && { metrics: metricsServer.address }) })}\n`,
  )
}

const parsed = parseOptions(process.argv.slice(2))
switch (parsed.kind) {
  case 'help':
    process.stdout.write(`${usage}\n`)
    break
  case 'wrong':
    process.stderr.write(`control-plane: ${parsed.why}\n${usage}\n`)
    process.exitCode = 2
    break
  case 'options':
    run(parsed.options).catch((error: unknown) => {
      // What an operator can act on needs no stack.
      const text = error instanceof CloudlessError ? error.message : ((error as Error).stack ?? messageOf(error))
      process.stderr.write(`control-plane: ${text}\n`)
      process.exit(1)
    })
    break
}

// The region's gateway as a process of its own, so that control and data do not disturb each other. It outlives an agent that is killed:
// the next one finds it by its record, as instances are found, and goes on with the same files. One that ends or hangs is started again,
// on the same ports where they are free, so that clients keep their addresses.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Timer } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log, LogLevel } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import type { Address } from '#runtime/serve-metrics.ts'
import { ProcessRuntime } from '#physical-plane/runtime/process-runtime.ts'
import type { Run } from '#physical-plane/runtime/runtime.ts'
import { noRoutes, parseRoutes, type Routes } from '#physical-plane/serving/gateway/routes.ts'
import { parseStatus, type GatewayStatus } from '#physical-plane/serving/gateway/status.ts'
import { backOffMs } from './config.ts'
import type { GatewayLink } from './gateway-desk.ts'

export type GatewayProcessOptions = {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Where its files and its record are. */
  readonly folder: string
  readonly version: string
  /** Ports 0: any that are free. */
  readonly http: Address
  readonly grpc: Address
  readonly advertiseHost: string
  readonly logLevel: LogLevel
  readonly environment: Readonly<Record<string, string | undefined>>
}

export const gatewayProcessConfig = {
  restartMs: 200,
  restartMsMax: 10_000,
  /** One that ran so long is not to blame for its ports. */
  stableMs: 5_000,
  /** Its status says nothing new for so long: it hangs. */
  silentMs: 15_000,
  stopGraceMs: 12_000,
} as const

const id = 'gateway'
const script = join(import.meta.dirname, '..', 'serving', 'gateway', 'main.ts')

export class GatewayProcess implements GatewayLink {
  readonly #o: GatewayProcessOptions
  readonly #processes: ProcessRuntime
  readonly #files: { readonly config: string; readonly routes: string; readonly status: string }
  #run: Run | null = null
  #attempt = 0
  #failures = 0
  #routes: Routes = noRoutes
  #written = ''
  #isWanted = false
  #isStopped = false
  #restarting: Timer | null = null
  #beat = -1
  #heardAtMs = 0

  constructor(options: GatewayProcessOptions) {
    const { folder, clock, random, log } = options
    this.#o = options
    this.#processes = new ProcessRuntime({ folder: join(folder, 'runs'), clock, random, log })
    this.#files = {
      config: join(folder, 'config.json'),
      routes: join(folder, 'routes.json'),
      status: join(folder, 'status.json'),
    }
  }

  /** Takes over what a predecessor left. */
  async start(): Promise<void> {
    const { folder, log } = this.#o
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const parsed = parseRoutes(await readFile(this.#files.routes, 'utf8').catch(() => ''))
    if ('routes' in parsed) this.#routes = parsed.routes
    this.#written = contentOf(this.#routes)
    const [found] = await this.#processes.recover()
    this.#attempt = found?.attempt ?? 0
    if (found === undefined || !found.wasAlive) return
    this.#isWanted = true
    this.#heardAtMs = this.#o.clock.monotonicMs()
    if ((await readFile(this.#files.config, 'utf8').catch(() => '')) === this.#config(this.#o.http, this.#o.grpc)) {
      log.info({ attempt: found.attempt }, 'gateway of a previous agent taken over')
      this.#watch(found)
      return
    }
    log.info({ attempt: found.attempt }, 'gateway of a previous agent is started again, as it is to run otherwise now')
    await this.#processes.stop(id, gatewayProcessConfig.stopGraceMs)
    await this.#launch()
  }

  /** Resolves once the gateway can read them. Whoever has nothing to answer for needs no process. */
  async route(routes: Omit<Routes, 'revision'>): Promise<number> {
    const content = contentOf(routes)
    if (content !== this.#written) {
      this.#written = content
      this.#routes = { ...routes, revision: this.#routes.revision + 1 }
      const { routes: path } = this.#files
      const text = JSON.stringify(this.#routes)
      try {
        await writeFile(`${path}.new`, text, { mode: 0o600 })
        await rename(`${path}.new`, path)
      } catch (error) {
        this.#written = ''
        this.#o.log.error({ path, why: messageOf(error) }, 'routes of the gateway could not be written')
      }
    }
    const isNeeded = routes.functions.length + routes.pipelines.length > 0
    if (isNeeded && !this.#isWanted && !this.#isStopped) {
      this.#isWanted = true
      await this.#launch()
    }
    return this.#routes.revision
  }

  async read(): Promise<GatewayStatus | null> {
    if (this.#run === null) return null
    const status = parseStatus(await readFile(this.#files.status, 'utf8').catch(() => ''))
    const nowMs = this.#o.clock.monotonicMs()
    if (status !== null && status.beat !== this.#beat) {
      this.#beat = status.beat
      this.#heardAtMs = nowMs
    }
    const silentMs = nowMs - this.#heardAtMs
    if (silentMs > gatewayProcessConfig.silentMs) {
      this.#heardAtMs = nowMs
      this.#o.log.error({ silentMs: Math.round(silentMs) }, 'the gateway tells nothing new; it is started again')
      void this.#processes.stop(id, 0)
    }
    return status
  }

  async stop({ keep }: { readonly keep: boolean }): Promise<void> {
    this.#isStopped = true
    this.#restarting?.cancel()
    if (!keep) await this.#processes.stop(id, gatewayProcessConfig.stopGraceMs)
  }

  async #launch(): Promise<void> {
    if (this.#isStopped) return
    const { log, environment, folder } = this.#o
    try {
      const before = parseStatus(await readFile(this.#files.status, 'utf8').catch(() => ''))
      await rm(this.#files.status, { force: true })
      const http = this.#again(this.#o.http, before?.http)
      const grpc = this.#again(this.#o.grpc, before?.grpc)
      const started = join(folder, 'started.json')
      // What it was asked to be is what the next agent compares; what it is started with may name the ports it had.
      await writeFile(this.#files.config, this.#config(this.#o.http, this.#o.grpc), { mode: 0o600 })
      await writeFile(started, this.#config(http, grpc), { mode: 0o600 })
      this.#attempt += 1
      const given = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
      const run = await this.#processes.launch({
        instanceId: id,
        jobId: '',
        attempt: this.#attempt,
        slices: [],
        program: {
          executable: process.execPath,
          arguments: ['--disable-warning=ExperimentalWarning', script, '--config', started],
          folder,
          environment: Object.fromEntries(given) as Record<string, string>,
        },
      })
      this.#heardAtMs = this.#o.clock.monotonicMs()
      this.#watch(run)
    } catch (error) {
      log.error({ why: messageOf(error) }, 'the gateway could not be started')
      this.#launchLater()
    }
  }

  #watch(run: Run): void {
    this.#run = run
    void run.exited.then(({ code, signal, endedAtMs }) => {
      if (this.#run !== run) return
      this.#run = null
      if (endedAtMs - run.startedAtMs >= gatewayProcessConfig.stableMs) this.#failures = 0
      if (this.#isStopped) return
      this.#o.log.warn({ attempt: run.attempt, code, signal }, 'the gateway ended; it is started again')
      this.#launchLater()
    })
  }

  #launchLater(): void {
    if (this.#isStopped) return
    const { clock, random } = this.#o
    const { restartMs, restartMsMax } = gatewayProcessConfig
    this.#failures += 1
    const delayMs = backOffMs(restartMs, restartMsMax, this.#failures, random.next())
    this.#restarting = clock.after(delayMs, () => void this.#launch())
  }

  /** The port it had, unless that is what it failed of. */
  #again({ host, port }: Address, before: string | undefined): Address {
    const had = Number(before?.slice(before.lastIndexOf(':') + 1))
    return port !== 0 || this.#failures > 1 || !(had > 0) ? { host, port } : { host, port: had }
  }

  #config(http: Address, grpc: Address): string {
    const { version, advertiseHost, logLevel } = this.#o
    const { routes: routesPath, status: statusPath } = this.#files
    return JSON.stringify({ version, http, grpc, advertiseHost, routesPath, statusPath, logLevel })
  }
}

function contentOf({ functions, pipelines }: Omit<Routes, 'revision'>): string {
  return JSON.stringify([functions, pipelines])
}

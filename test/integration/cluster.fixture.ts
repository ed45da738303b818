// A local cluster as `cloudless up` runs it, for tests across processes: real control plane, agents, link relay, parameter
// servers and Python workers, jobs submitted with the real command line. Everything lies in one temporary folder, and
// every process in it is known by the records that cluster and agents keep, so a test kills exactly what it means.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createInterface } from 'node:readline'
import type { LinkShape } from '#cli/local-cluster/links.ts'
import { startCluster, type Cluster } from '#cli/local-cluster/cluster.ts'
import { identify, type ProcessIdentity } from '#cli/local-cluster/process-identity.ts'
import { readClusterState } from '#cli/local-cluster/state-file.ts'
import { markedProcesses } from '#cli/local-cluster/stop-recorded.ts'
import { openServices, type Services } from '#cli/services.ts'
import { watchJob } from '#cli/watch-job.ts'
import { openFolders } from '#physical-plane/agent/folders.ts'
import type { RunRecord } from '#physical-plane/runtime/run-record.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { LedgerEntry__Output } from '#proto/generated/cloudless/v1/LedgerEntry.ts'
import { present } from '#runtime/assert.ts'
import { systemClock } from '#runtime/clock.ts'
import { seededRandom } from '#runtime/random.ts'

export const clock = systemClock()

/** The interpreter for training functions; '' where there is none, and then the tests are skipped. */
export const python = process.env['CLOUDLESS_PYTHON'] ?? ''

export function explainSkip(name: string): void {
  if (python === '') process.stderr.write(`${name}: skipped, set CLOUDLESS_PYTHON to a Python with torch and grpcio\n`)
}

const root = join(import.meta.dirname, '../..')
export const functionFolder = join(import.meta.dirname, 'functions')
const valuesPerSample = 9
const classes = 4

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

export type JobOptions = {
  readonly name: string
  readonly entrypoint: string
  readonly arguments?: readonly string[]
  /** Samples that the region's shard file has; the job declares as many unless `declared` says otherwise. */
  readonly samples: Readonly<Record<string, number>>
  readonly declared?: Readonly<Record<string, number>>
  readonly training: Readonly<Record<string, unknown>>
  readonly sync?: Readonly<Record<string, unknown>>
  readonly resources?: Readonly<Record<string, unknown>>
}

export class TestCluster implements AsyncDisposable {
  readonly folder: string
  readonly #cluster: Cluster
  readonly services: Services
  readonly #notes: string[]
  #isStopped = false

  static async start(options: {
    readonly regions: readonly string[]
    readonly cpuUnits: number
    readonly restartAfterMs?: number
    readonly linkShape?: LinkShape
    readonly agentFlags?: Readonly<Record<string, Readonly<Record<string, string>>>>
    /** Beside this process's own environment, or instead of what that says. */
    readonly environment?: Readonly<Record<string, string>>
  }): Promise<TestCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'cl-'))
    const notes: string[] = []
    try {
      const { signal } = new AbortController()
      const note = (text: string): void => void notes.push(text)
      const setting = {
        ...options,
        folder,
        linkScale: 1,
        python: python || 'python3',
        environment: { ...process.env, ...options.environment },
        clock,
        signal,
        note,
      }
      return new TestCluster(folder, await startCluster(setting), notes)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  private constructor(folder: string, cluster: Cluster, notes: string[]) {
    this.folder = folder
    this.#cluster = cluster
    this.#notes = notes
    this.services = openServices(cluster.address, clock)
  }

  get address(): string {
    return this.#cluster.address
  }

  /** What the cluster said, for example that it started a process again. */
  get notes(): readonly string[] {
    return this.#notes
  }

  /** Processes that belong to the cluster or were started by it, also those that escaped every record. */
  get processes(): readonly ProcessIdentity[] {
    return markedProcesses(this.folder)
  }

  /** Stops in order; the folder stays until the cluster is disposed of. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    this.services[Symbol.dispose]()
    await this.#cluster.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** Runs `cloudless` as a person does. */
  cli(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const own = { CLOUDLESS_HOME: join(this.folder, 'home'), ...environment }
    return run('cli/main.ts', ['--server', this.address, ...args], own).ended
  }

  /** Writes shards and job file; the path of the job file. JSON is YAML. */
  writeJob(options: JobOptions, change: (file: Record<string, unknown>) => void = () => {}): string {
    const { name, entrypoint, samples, declared, sync, training, resources } = options
    const shards = Object.entries(samples).map(([region, count]) => {
      const uri = pathToFileURL(this.#writeShard(`${name}-${region.replace('/', '-')}.f32`, count)).href
      return { region, uri, samples: declared?.[region] ?? count }
    })
    const file: Record<string, unknown> = {
      name,
      function: { folder: functionFolder, entrypoint, arguments: [...(options.arguments ?? [])] },
      data: { shards },
      ...(sync === undefined ? {} : { sync }),
      training,
      resources: { device_models: ['cpu'], workers_max_per_region: 1, ...resources },
      policy: 'use-everything',
    }
    change(file)
    const path = join(this.folder, `${name}.yaml`)
    writeFileSync(path, JSON.stringify(file, null, 2))
    return path
  }

  #writeShard(fileName: string, samples: number): string {
    const path = join(this.folder, fileName)
    const random = seededRandom(samples)
    const values = new Float32Array(samples * valuesPerSample)
    for (let row = 0; row < samples; row++) {
      let sum = 0
      for (let i = 0; i < valuesPerSample - 1; i++) sum += values[row * valuesPerSample + i] = random.next() - 0.5
      values[row * valuesPerSample + valuesPerSample - 1] = Math.abs(Math.floor(sum * 2)) % classes
    }
    writeFileSync(path, new Uint8Array(values.buffer))
    return path
  }

  /** The job's id. */
  async submit(options: JobOptions, change?: (file: Record<string, unknown>) => void): Promise<string> {
    const { code, stdout, stderr } = await this.cli(['--json', 'submit', this.writeJob(options, change)])
    if (code !== 0) throw new Error(`submit ended with ${code}: ${stdout}${stderr}`)
    return (JSON.parse(stdout) as { id: string }).id
  }

  /** Resolves with the first state of the job that `isIt` likes; throws when the job ends before. */
  async until(id: string, isIt: (job: Job__Output) => boolean): Promise<Job__Output> {
    let last: Job__Output | null = null
    const over = new AbortController()
    const options = { jobs: this.services.jobs, id, clock, signal: over.signal, onAway: () => {} }
    try {
      for await (const job of watchJob(options)) {
        last = job
        if (isIt(job)) return job
      }
    } finally {
      over.abort()
    }
    throw new Error(`job ${id} ended ${last?.state}: ${last?.reason}`)
  }

  /** All partitions train and a tenth of the samples is used, but less than half. */
  async untilMidTraining(id: string): Promise<Job__Output> {
    const job = await this.until(id, ({ progress }) => {
      const partitions = progress?.partitions ?? []
      return (
        partitions.length > 0 && partitions.every(({ samplesDone, samplesTotal }) => samplesDone > samplesTotal / 10)
      )
    })
    const late = job.progress!.partitions.find(({ samplesDone, samplesTotal }) => samplesDone > samplesTotal / 2)
    if (late !== undefined) throw new Error(`too late to disturb ${id}: ${late.region} has ${late.samplesDone} samples`)
    return job
  }

  async ended(id: string): Promise<Job__Output> {
    return this.until(id, ({ endedAtMs }) => endedAtMs > 0)
  }

  /** Waits until the ledger is closed: every instance is down and its last use has arrived. */
  async ledger(jobId: string): Promise<readonly LedgerEntry__Output[]> {
    const { costs } = this.services
    while ((await costs.getJobCost({ jobId })).report?.isFinal !== true) await clock.sleep(100)
    const entries: LedgerEntry__Output[] = []
    let pageToken = ''
    do {
      const page = await costs.listLedgerEntries({ jobId, pageSize: 500, pageToken })
      entries.push(...page.entries)
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    return entries
  }

  /** What an instance printed, as the control plane has it. */
  async log(jobId: string, instanceId: string): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const { data } of this.services.jobs.streamLogs({ jobId, instanceId })) parts.push(Buffer.from(data))
    return Buffer.concat(parts)
  }

  /** The same as its agent has it. */
  logFile(instanceId: string, region: string): Buffer {
    return readFileSync(join(this.#instanceFolder(instanceId, region), 'log'))
  }

  /** Resolves once the control plane has the whole log of an instance that has ended. */
  async shippedLog(jobId: string, instanceId: string, region: string): Promise<Buffer> {
    for (;;) {
      const log = await this.log(jobId, instanceId)
      if (log.length >= this.logFile(instanceId, region).length) return log
      await clock.sleep(100)
    }
  }

  /** A process of the cluster itself: "control-plane", "agent-onprem-lab". */
  process(name: string): ProcessIdentity {
    const found = readClusterState(this.folder)?.processes.find((each) => each.name === name)
    return present(found, `process ${name}`)
  }

  /** A region loses its links to all others, as behind a dead router, or has them again; the control plane stays in reach. */
  async setLinks(region: string, command: 'cut' | 'restore'): Promise<void> {
    const others = (readClusterState(this.folder)?.regions ?? []).filter((other) => other !== region)
    const kind = command === 'cut' ? { kind: 'silent' } : {}
    const commands = others.flatMap((other) => [
      { command, from: region, to: other, ...kind },
      { command, from: other, to: region, ...kind },
    ])
    const relay = connect(join(this.folder, 'relay.sock'))
    try {
      const answers = createInterface({ input: relay })[Symbol.asyncIterator]()
      for (const each of commands) {
        relay.write(`${JSON.stringify(each)}\n`)
        const answer = String((await answers.next()).value)
        if (answer !== '{"ok":true}') throw new Error(`the relay answered ${JSON.stringify(each)} with ${answer}`)
      }
    } finally {
      relay.end()
      await once(relay, 'close')
    }
  }

  /** It was started and has not ended. */
  runs(name: string): boolean {
    return readClusterState(this.folder)?.processes.some((each) => each.name === name) === true
  }

  /** The agent's record of the instance's newest attempt. */
  run(instanceId: string, region: string): RunRecord {
    const path = join(this.#instanceFolder(instanceId, region), 'run.json')
    return JSON.parse(readFileSync(path, 'utf8')) as RunRecord
  }

  /** When the agent's wrapper wrote the exit code of an attempt; null when it was killed itself. */
  exitPath(instanceId: string, region: string, attempt: number): string | null {
    const path = join(this.#instanceFolder(instanceId, region), `exit-${attempt}`)
    return existsSync(path) ? path : null
  }

  /** The function's own process, below the shell that the agent put around it. */
  functionProcess(instanceId: string, region: string): ProcessIdentity {
    const shell = present(this.run(instanceId, region).process, `process of ${instanceId}`).pid
    const children = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === shell)
    if (children.length !== 1) throw new Error(`${instanceId} has ${children.length} processes below its shell`)
    return present(identify(Number(children[0])), `function of ${instanceId}`)
  }

  /** What was fetched of a job from other regions and lies in this one. */
  staged(jobId: string, region: string): readonly string[] {
    const folder = openFolders(this.#state(region)).staged(jobId)
    return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
  }

  /** Where an agent and its instances keep things of a job; none of it may outlive the job but the log. */
  leftInMemory(jobId: string, region: string): readonly string[] {
    const folders = openFolders(this.#state(region))
    return [folders.shared(jobId), folders.workerSocket(jobId)].filter((path) => existsSync(path))
  }

  #instanceFolder(instanceId: string, region: string): string {
    return join(this.#state(region), 'instances', instanceId.replaceAll('/', '+'))
  }

  #state(region: string): string {
    return join(this.folder, region.replace('/', '-'))
  }
}

export type Running = {
  readonly ended: Promise<Ended>
  /** Resolves when the text was printed on either stream; throws when the process ends before. */
  readonly printed: (text: string) => Promise<void>
  /** Rejects when the process ends before. */
  readonly firstLine: Promise<string>
  readonly kill: (signal: NodeJS.Signals) => void
}

/** One of our programs as a process, for example "physical-plane/agent/main.ts". */
export function run(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, [join(root, script), ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const heard = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      heard[name] += text
      for (const listen of listeners) listen()
    })
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, ...heard }))
  })
  const printed = async (text: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const listen = (): void => {
      if (heard.stdout.includes(text) || heard.stderr.includes(text)) resolve()
    }
    listeners.add(listen)
    listen()
    const tooEarly = ended.then(({ code, stderr }) => {
      throw new Error(`${script} ended with ${code} before it printed "${text}": ${stderr}`)
    })
    await Promise.race([promise, tooEarly]).finally(() => listeners.delete(listen))
  }
  const firstLine = printed('\n').then(() => heard.stdout.split('\n')[0]!)
  firstLine.catch(() => {})
  return { ended, printed, firstLine, kill: (signal) => void child.kill(signal) }
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    // It ended while we looked.
    return null
  }
}

// What is measured: one real instance of a function and one real gateway, each a process of its own, and clients as processes too.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { present } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import type { Routes } from '#physical-plane/serving/gateway/routes.ts'
import type { ClientResult } from './client-main.ts'

const root = join(import.meta.dirname, '..', '..')

export type Endpoints = { readonly http: string; readonly grpc: string }
export type Served = Endpoints & { readonly pid: number }

export class Processes implements AsyncDisposable {
  readonly #clock: Clock
  readonly #python: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'cloudless-bench-gateway-'))
  readonly #children: ChildProcess[] = []

  constructor(clock: Clock, python: string) {
    this.#clock = clock
    this.#python = python
  }

  async instance(name: string, handler: string, batchMax: number, sloMs: number | null): Promise<Served> {
    const statusPath = join(this.#folder, `${name}.status.json`)
    const config = {
      instanceId: name,
      attempt: 1,
      name,
      handler,
      batchMax,
      slo: sloMs === null ? null : { latencyMs: sloMs, percentile: 99, per: 'request' },
      bindHost: '127.0.0.1',
      advertiseHost: '127.0.0.1',
      statusPath,
      bundleFolder: join(import.meta.dirname, 'function'),
    }
    const path = this.#write(`${name}.json`, config)
    const environment = {
      ...process.env,
      PYTHONPATH: join(root, 'physical-plane', 'worker'),
      PYTHONDONTWRITEBYTECODE: '1',
    }
    const child = this.#start(this.#python, ['-m', 'cloudless.serve', '--config', path], environment)
    const status = await this.#told(child, statusPath, ({ endpoint }) => endpoint !== '')
    const { endpoint, grpcEndpoint } = status
    return { pid: child.pid!, http: String(endpoint), grpc: typeof grpcEndpoint === 'string' ? grpcEndpoint : '' }
  }

  async gateway(functions: Routes['functions']): Promise<Served> {
    const any = { host: '127.0.0.1', port: 0 }
    const statusPath = join(this.#folder, 'gateway.status.json')
    const routesPath = this.#write('routes.json', { revision: 1, functions, pipelines: [] })
    const files = { routesPath, statusPath, logLevel: 'warn' }
    const path = this.#write('gateway.json', {
      version: 'bench',
      http: any,
      grpc: any,
      advertiseHost: any.host,
      ...files,
    })
    const script = join(root, 'physical-plane/serving/gateway/main.ts')
    const child = this.#start(process.execPath, [script, '--config', path], process.env)
    const { http, grpc } = await this.#told(child, statusPath, ({ revision }) => revision === 1)
    return { pid: child.pid!, http: String(http), grpc: String(grpc) }
  }

  async client(flags: Readonly<Record<string, string | number>>): Promise<ClientResult> {
    return (await this.clients(flags))[0]!
  }

  /** One result for each address. */
  async clients(flags: Readonly<Record<string, string | number>>): Promise<readonly ClientResult[]> {
    const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])
    const child = spawn(process.execPath, [join(import.meta.dirname, 'client-main.ts'), ...given], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    if (code !== 0) throw new Error(`the client ended with ${code}`)
    return JSON.parse(said) as readonly ClientResult[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null) continue
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #start(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
    const child = spawn(program, args, { cwd: this.#folder, env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
    this.#children.push(child)
    return child
  }

  #write(name: string, content: object): string {
    const path = join(this.#folder, name)
    writeFileSync(`${path}.new`, JSON.stringify(content))
    renameSync(`${path}.new`, path)
    return path
  }

  async #told(
    child: ChildProcess,
    path: string,
    isSo: (status: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    const endsAtMs = this.#clock.monotonicMs() + 30_000
    for (;;) {
      try {
        const status = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
        if (isSo(status)) return status
      } catch {
        // Not written yet.
      }
      if (child.exitCode !== null) throw new Error(`what tells ${path} ended with ${child.exitCode}`)
      if (this.#clock.monotonicMs() > endsAtMs) throw new Error(`${path} was waited for in vain`)
      await this.#clock.sleep(50)
    }
  }
}

/** Of a process that lives, in MiB. */
export function residentMib(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(present(found?.[1], 'VmRSS')) / 1_024
}

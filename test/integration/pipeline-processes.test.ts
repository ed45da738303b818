// A gateway process and three processes that a pipeline's stages are answered by: what a client gets, and what it is told when one is
// killed. No Python and no cluster: what only the gateway does.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseStatus, type GatewayStatus } from '#physical-plane/serving/gateway/status.ts'
import { systemClock } from '#runtime/clock.ts'

const clock = systemClock()
const root = join(import.meta.dirname, '../..')

async function until<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
  const endsAtMs = clock.monotonicMs() + 30_000
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (clock.monotonicMs() > endsAtMs) throw new Error(`waited in vain until ${what}`)
    await clock.sleep(20)
  }
}

function start(children: ChildProcess[], ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  return child
}

async function portOf(child: ChildProcess): Promise<number> {
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return Number(line.toString())
}

test(
  'a pipeline of three processes answers, and says which of its stages was killed',
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cloudless-pipeline-'))
    const children: ChildProcess[] = []
    try {
      const adds = [1, 10, 100]
      const stages = adds.map((add) =>
        start(children, join(import.meta.dirname, 'pipelines/stage-process.ts'), String(add)),
      )
      const ports = await Promise.all(stages.map(portOf))
      const names = ['a', 'b', 'c']
      const functions = names.map((name, at) => ({
        id: `f-${name}`,
        name,
        slo: null,
        timeoutMs: 4_000,
        queueMax: 0,
        atMostOnce: false,
        batchMax: 4,
        instances: [{ id: `${name}-1`, attempt: 1, http: `127.0.0.1:${ports[at]}`, grpc: '' }],
      }))
      const chain = names.map((name, at) => ({
        name: `stage-${name}`,
        function: name,
        after: at === 0 ? [] : [`stage-${names[at - 1]}`],
        inputs: at === 0 ? {} : { x: `stage-${names[at - 1]}.y` },
      }))
      const pipelines = [
        { id: 'p', name: 'sum', stages: chain, slo: { latencyMs: 1_000, percentile: 99 }, timeoutMs: 4_000 },
      ]
      const [routesPath, statusPath, configPath] = ['routes', 'status', 'config'].map((name) =>
        join(folder, `${name}.json`),
      )
      writeFileSync(`${routesPath}.new`, JSON.stringify({ revision: 1, functions, pipelines }))
      renameSync(`${routesPath}.new`, routesPath!)
      const any = { host: '127.0.0.1', port: 0 }
      const paths = { routesPath, statusPath, advertiseHost: '127.0.0.1' }
      writeFileSync(
        configPath!,
        JSON.stringify({ version: 'test', http: any, grpc: any, logLevel: 'silent', ...paths }),
      )
      start(children, join(root, 'physical-plane/serving/gateway/main.ts'), '--config', configPath!)
      const status = (): GatewayStatus | null =>
        existsSync(statusPath!) ? parseStatus(readFileSync(statusPath!, 'utf8')) : null
      const { http } = await until('the gateway has its routes', () => {
        const now = status()
        return now?.revision === 1 ? now : null
      })
      const ask = async (): Promise<{ status: number; body: { outputs?: object[]; error?: string } }> => {
        const body = JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP64', shape: [2], data: [1, 0.5] }] })
        const response = await fetch(`http://${http}/v2/models/sum/infer`, { method: 'POST', body })
        return { status: response.status, body: (await response.json()) as { outputs?: object[]; error?: string } }
      }
      const answers = await Promise.all(Array.from({ length: 20 }, ask))
      for (const answer of answers)
        expect(answer).toMatchObject({ status: 200, body: { outputs: [{ name: 'y', data: [112, 111.5] }] } })
      const seen = await until(
        'the pipeline is measured',
        () => status()?.pipelines.find((one) => one.totals.answered === 20) ?? null,
      )
      expect(seen.latency.p99Ms).toBeGreaterThan(0)

      stages[1]!.kill('SIGKILL')
      await once(stages[1]!, 'exit')
      const refused = await until('the killed stage is told', async () => {
        const answer = await ask()
        return answer.status === 200 ? null : answer
      })
      expect(refused.status).toBeGreaterThanOrEqual(502)
      expect(refused.body.error).toContain('stage stage-b (b): ')
    } finally {
      for (const child of children) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

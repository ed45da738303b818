// A region's gateway on real processes: one address for a function whatever happens to its instances, its agent or the gateway itself.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readClusterState } from '#cli/local-cluster/state-file.ts'
import { parseStatus, type GatewayStatus } from '#physical-plane/serving/gateway/status.ts'
import type { Function__Output } from '#proto/generated/cloudless/v1/Function.ts'
import { clock, explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('gateway')

function functionFile(cluster: TestCluster, factor: number, instances: { min: number; max: number }): string {
  const path = join(cluster.folder, 'function.yaml')
  const file = {
    name: 'scale',
    folder: join(import.meta.dirname, 'inference'),
    handler: 'model:Scale',
    environment: { FACTOR: String(factor) },
    slo: { latency_ms: 2_000, percentile: 99 },
    instances,
    batch_max: 4,
  }
  writeFileSync(path, JSON.stringify(file))
  return path
}

async function get(cluster: TestCluster): Promise<Function__Output> {
  return (await cluster.services.functions.getFunction({ name: 'scale' })).function!
}

async function infer(endpoint: string): Promise<{ status: number; factor: number; process: number }> {
  const response = await fetch(`http://${endpoint}/v2/models/scale/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] }),
    signal: AbortSignal.timeout(30_000),
  })
  const { outputs = [] } = (await response.json()) as { outputs?: { data: number[] }[] }
  return { status: response.status, factor: outputs[0]?.data[0] ?? 0, process: outputs[1]?.data[0] ?? 0 }
}

async function until<T>(what: string, look: () => Promise<T | null | false>): Promise<T> {
  const endsAtMs = clock.monotonicMs() + 40_000
  for (;;) {
    const found = await look().catch(() => null)
    if (found !== null && found !== false) return found
    if (clock.monotonicMs() > endsAtMs) throw new Error(`waited in vain until ${what}`)
    await clock.sleep(100)
  }
}

function gatewayStatus(cluster: TestCluster): GatewayStatus | null {
  return parseStatus(readFileSync(join(cluster.folder, 'onprem-lab', 'gateway', 'status.json'), 'utf8'))
}

/** Asks without pause until stopped; what came back, in order. */
function asking(endpoint: string): { stop(): Promise<readonly number[]> } {
  const over = new AbortController()
  const statuses: number[] = []
  const done = (async () => {
    while (!over.signal.aborted) {
      const answer = await infer(endpoint).catch(() => ({ status: 0 }))
      statuses.push(answer.status)
      await clock.sleep(10)
    }
  })()
  return {
    stop: async () => {
      over.abort()
      await done
      return statuses
    },
  }
}

test.skipIf(python === '')(
  'a function has one address, while instances are changed and killed and its agent and the gateway die',
  { timeout: 150_000 },
  async () => {
    await using cluster = await TestCluster.start({ regions: ['onprem/lab'], cpuUnits: 4 })
    const deployed = await cluster.cli(['function', 'deploy', functionFile(cluster, 2, { min: 2, max: 2 })])
    expect(deployed.code, deployed.stderr).toBe(0)
    const { http } = await until('it is known where it is asked', async () => (await get(cluster)).endpoints[0] ?? null)
    await until('it is answered for', async () => (await infer(http)).status === 200)
    expect(await infer(http)).toMatchObject({ status: 200, factor: 2 })

    // An instance is killed, then all are replaced: nobody who asks notices.
    const client = asking(http)
    const victim = (await infer(http)).process
    process.kill(victim, 'SIGKILL')
    const changed = await cluster.cli(['function', 'deploy', functionFile(cluster, 3, { min: 2, max: 2 })])
    expect(changed.code, changed.stderr).toBe(0)
    await until('the new ones answer', async () => (await infer(http)).factor === 3)
    await until('the old ones are gone', async () => (await get(cluster)).instances.length === 2)
    const statuses = await client.stop()
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(statuses.length).toBeGreaterThan(20)

    // Its agent dies: the gateway does not, and the next agent takes it over.
    const { pid } = gatewayStatus(cluster)!
    const before = cluster.process('agent-onprem-lab').pid
    process.kill(before, 'SIGKILL')
    expect(await infer(http)).toMatchObject({ status: 200, factor: 3 })
    await until('there is another agent', async () => {
      const processes = readClusterState(cluster.folder)?.processes ?? []
      const { region } = await cluster.services.regions.getRegion({ name: 'onprem/lab' })
      const next = processes.find((each) => each.name === 'agent-onprem-lab')
      return next !== undefined && next.pid !== before && region?.agentState === 'AGENT_STATE_CONNECTED'
    })
    expect(gatewayStatus(cluster)?.pid).toBe(pid)

    // The gateway dies: it is started again where it was.
    process.kill(pid, 'SIGKILL')
    await until('it answers again at the same address', async () => (await infer(http)).factor === 3)
    expect(gatewayStatus(cluster)?.pid).not.toBe(pid)
    const { code } = await cluster.cli(['function', 'rm', 'scale'])
    expect(code).toBe(0)
    await until('nobody has that name', async () => (await infer(http)).status === 404)
  },
)

test.skipIf(python === '')('a request wakes a function without instances', { timeout: 100_000 }, async () => {
  await using cluster = await TestCluster.start({ regions: ['onprem/lab'], cpuUnits: 2 })
  const deploying = cluster.cli(['function', 'deploy', functionFile(cluster, 2, { min: 0, max: 1 })])
  const { http } = await until('it is known where it is asked', async () => (await get(cluster)).endpoints[0] ?? null)
  expect(
    await until('it is answered', async () => (await infer(http)).status === 200 && (await infer(http))),
  ).toMatchObject({
    factor: 2,
  })
  expect((await deploying).code).toBe(0)
})

// Functions that answer requests, on real processes: deployed with the command line, asked over HTTP as any client of the Open
// Inference Protocol would, changed, killed, paid for and deleted.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readClusterState } from '#cli/local-cluster/state-file.ts'
import type { Function__Output } from '#proto/generated/cloudless/v1/Function.ts'
import { clock, explainSkip, python, TestCluster } from './cluster.fixture.ts'

const name = 'functions-serve'
explainSkip(name)

function functionFile(cluster: TestCluster, factor: number, more: object = {}): string {
  const path = join(cluster.folder, 'function.yaml')
  const file = {
    name: 'scale',
    folder: join(import.meta.dirname, 'inference'),
    handler: 'model:Scale',
    environment: { FACTOR: String(factor) },
    // Long enough for a busy machine: a third one begins where it is missed, and here they are counted.
    slo: { latency_ms: 3000, percentile: 99 },
    instances: { min: 2, max: 3 },
    batch_max: 4,
    owner: 'ann',
    labels: { team: 'vision' },
    ...more,
  }
  writeFileSync(path, JSON.stringify(file))
  return path
}

async function get(cluster: TestCluster): Promise<Function__Output> {
  return (await cluster.services.functions.getFunction({ name: 'scale' })).function!
}

function endpointsOf({ instances }: Function__Output): readonly string[] {
  return instances.map(({ endpoint }) => endpoint).filter((endpoint) => endpoint !== '')
}

type Answer = { readonly status: number; readonly factor: number; readonly process: number; readonly error: string }

async function infer(endpoint: string, data: readonly unknown[] = [1, 2]): Promise<Answer> {
  const response = await fetch(`http://${endpoint}/v2/models/scale/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data }] }),
    signal: AbortSignal.timeout(20_000),
  })
  const { outputs = [], error = '' } = (await response.json()) as {
    outputs?: { data: number[] }[]
    error?: string
  }
  const [y, process] = outputs
  return { status: response.status, factor: y?.data[0] ?? 0, process: process?.data[0] ?? 0, error }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endsAtMs = clock.monotonicMs() + 60_000
  while (!(await isSo())) {
    if (clock.monotonicMs() > endsAtMs) throw new Error(`waited in vain until ${what}`)
    await clock.sleep(100)
  }
}

test.skipIf(python === '')(
  'a function is deployed, asked, changed without a gap, killed, paid for and deleted',
  { timeout: 120_000 },
  async () => {
    await using cluster = await TestCluster.start({ regions: ['onprem/lab'], cpuUnits: 4 })
    const deployed = await cluster.cli(['--json', 'function', 'deploy', functionFile(cluster, 2)])
    expect(deployed.stderr).toContain('2 of 2 in onprem/lab instances answer')
    expect(deployed.code).toBe(0)
    const first = JSON.parse(deployed.stdout) as { id: string; state: string; instances: { endpoint: string }[] }
    expect(first).toMatchObject({ state: 'ready' })
    const endpoints = first.instances.map(({ endpoint }) => endpoint)
    expect(endpoints).toHaveLength(2)
    for (const endpoint of endpoints) expect(await infer(endpoint)).toMatchObject({ status: 200, factor: 2 })
    expect((await infer(endpoints[0]!, [1, 'two'])).error).toContain('inputs[0].data[1]')

    // The same file again is the same function.
    expect((await cluster.cli(['function', 'deploy', functionFile(cluster, 2)])).stderr).toContain('already')

    // Changed: at every moment somebody answers.
    const rolled = new AbortController()
    const answers: number[] = []
    const asking = (async () => {
      while (!rolled.signal.aborted) {
        const tried = await Promise.all(endpointsOf(await get(cluster)).map((each) => infer(each).catch(() => null)))
        answers.push(...tried.flatMap((answer) => (answer?.status === 200 ? [answer.factor] : [])).slice(0, 1))
        if (!tried.some((answer) => answer?.status === 200)) answers.push(0)
        await clock.sleep(50)
      }
    })()
    const changed = await cluster.cli(['--json', 'function', 'deploy', functionFile(cluster, 3)])
    rolled.abort()
    await asking
    expect(changed.code, changed.stderr).toBe(0)
    expect(answers).not.toContain(0)
    const after = endpointsOf(await get(cluster))
    expect(after).toHaveLength(2)
    for (const endpoint of after) expect((await infer(endpoint)).factor).toBe(3)

    // Its agent dies and comes back: whoever answers goes on, and is known to the next agent as the same.
    const before = cluster.process('agent-onprem-lab').pid
    process.kill(before, 'SIGKILL')
    for (const endpoint of after) expect((await infer(endpoint)).factor).toBe(3)
    await until('the next agent has told of both', async () => {
      const processes = readClusterState(cluster.folder)?.processes ?? []
      const next = processes.find((each) => each.name === 'agent-onprem-lab')
      if (next === undefined || next.pid === before) return false
      const { region } = await cluster.services.regions.getRegion({ name: 'onprem/lab' })
      const { state, instances } = await get(cluster)
      const isTold = instances.length === 2 && instances.every(({ requests }) => requests > 1)
      return region?.agentState === 'AGENT_STATE_CONNECTED' && state === 'FUNCTION_STATE_READY' && isTold
    })
    expect((await get(cluster)).instances.map(({ attempt }) => attempt)).toEqual([1, 1])
    expect(endpointsOf(await get(cluster))).toEqual(after)
    for (const endpoint of after) expect((await infer(endpoint)).factor).toBe(3)

    // Killed: it is started again, elsewhere nothing changes.
    const victim = await infer(after[0]!)
    process.kill(victim.process, 'SIGKILL')
    await until('two answer again', async () => {
      const now = endpointsOf(await get(cluster))
      const tried = await Promise.all(now.map((each) => infer(each).catch(() => null)))
      return now.length === 2 && tried.every((answer) => answer?.status === 200 && answer.process !== victim.process)
    })
    expect((await get(cluster)).instances.map(({ attempt }) => attempt)).toEqual(expect.arrayContaining([1, 2]))

    // What one that can not start says is told.
    const broken = await cluster.cli(['function', 'deploy', functionFile(cluster, 3, { handler: 'model:Missing' })])
    expect(broken.code).toBe(1)
    expect(broken.stderr).toContain('module model has no Missing')
    expect((await infer(after[1]!)).factor).toBe(3)
    const logs = await cluster.cli(['function', 'logs', 'scale'])
    expect(logs.stdout).toContain('factor 3.0')

    await until('its cost is known', async () => (await get(cluster)).costUsd > 0)
    const cost = await cluster.cli(['--json', 'cost', '--by', 'owner,label:team'])
    expect(JSON.parse(cost.stdout)).toMatchObject({ groups: [{ key: ['ann', 'vision'] }] })
    expect((await cluster.cli(['function', 'ls'])).stdout).toMatch(/scale +failed/)

    // Neither the roll-out nor the crash made its policy ask for one more.
    const events = await cluster.cli(['function', 'events', 'scale'])
    expect(events.stdout, events.stderr).toContain('2 are wanted in onprem/lab')
    expect(events.stdout).not.toContain('3 are wanted')

    const { code } = await cluster.cli(['function', 'rm', 'scale'])
    expect(code).toBe(0)
    await until('it is gone', async () => {
      const { functions } = await cluster.services.functions.listFunctions({ pageSize: 10 })
      return functions.length === 0
    })
    for (const endpoint of after) await expect(infer(endpoint)).rejects.toThrow('fetch failed')
  },
)

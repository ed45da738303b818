// Functions on the whole path (command line, control plane, agent, gateway, Python) as their days go: one that a load gives a second
// instance and calm takes it back, two that go to sleep and are woken, three that hang, leak or can not begin. All share one cluster,
// and what has to be waited for is waited for together.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readClusterState } from '#cli/local-cluster/state-file.ts'
import type { Function__Output } from '#proto/generated/cloudless/v1/Function.ts'
import { clock, explainSkip, python, TestCluster, type Ended } from './cluster.fixture.ts'
import { grpcClient, inferGrpc, inferHttp, type HttpAnswer } from './protocol-client.fixture.ts'

explainSkip('serving-scaling')

const region = 'onprem/lab'
const [hangs, leaks] = [-1, -2]

let cluster: TestCluster
let http = ''
let grpc = ''

async function deploy(name: string, more: object = {}): Promise<Ended> {
  const path = join(cluster.folder, `${name}.yaml`)
  const folder = join(import.meta.dirname, 'inference')
  writeFileSync(path, JSON.stringify({ name, folder, handler: 'moody:Moody', ...more }))
  return cluster.cli(['--json', 'function', 'deploy', path])
}

async function get(name: string): Promise<Function__Output> {
  return (await cluster.services.functions.getFunction({ name })).function!
}

async function events(name: string): Promise<readonly { kind: string; instance_id: string; text: string }[]> {
  const { stdout, stderr } = await cluster.cli(['--json', 'function', 'events', name])
  const found = JSON.parse(stdout) as { events: { kind: string; instance_id: string; text: string }[] }
  expect(found.events.length, stderr).toBeGreaterThan(0)
  return found.events
}

async function until(what: string, isSo: () => Promise<boolean>, seconds = 60): Promise<void> {
  const endsAtMs = clock.monotonicMs() + seconds * 1_000
  while (!(await isSo())) {
    if (clock.monotonicMs() > endsAtMs) throw new Error(`waited in vain until ${what}`)
    await clock.sleep(100)
  }
}

async function isAsleep(name: string): Promise<boolean> {
  return (await get(name)).instances.length === 0
}

const answers = ({ instances }: Function__Output): number => instances.filter(({ endpoint }) => endpoint !== '').length

/** Both of its instances answer, after so many starts. */
async function startsInAll(name: string, starts: number): Promise<void> {
  await until(`both of ${name} answer after ${starts} starts`, async () => {
    const found = await get(name)
    return answers(found) === 2 && found.instances.reduce((sum, { attempt }) => sum + attempt, 0) === starts
  })
}

/** One after the other, until told to stop; every answer. */
async function trickle(name: string, everyMs: number, enough: AbortSignal): Promise<readonly HttpAnswer[]> {
  const all: HttpAnswer[] = []
  while (!enough.aborted) {
    all.push(await inferHttp(http, name, [[1]]))
    await clock.sleep(everyMs)
  }
  return all
}

describe.skipIf(python === '')('a function', () => {
  const calm = new AbortController()
  let trickled: Promise<readonly HttpAnswer[]>

  beforeAll(async () => {
    cluster = await TestCluster.start({ regions: [region], cpuUnits: 10, restartAfterMs: 1_500 })
    const slow = { slo: { latency_ms: 1000, percentile: 99 }, environment: { SERVICE_MS: '100' } }
    const asleep = { instances: { min: 0, max: 2 } }
    const deployed = await Promise.all([
      // On a busy machine a start takes long, and what is refused meanwhile makes the policy careful: it would ask for a third.
      deploy('busy', { ...slow, instances: { min: 1, max: 2 } }),
      deploy('sleeper', asleep),
      deploy('orphan', { ...asleep, timeout_ms: 60_000 }),
      deploy('moody', { instances: { min: 2, max: 2 }, timeout_ms: 2000, memory_gib: 0.25 }),
    ])
    const failed = deployed.find(({ code }) => code !== 0)
    if (failed !== undefined) throw new Error(failed.stderr)
    await until('the gateway answers', async () => {
      const [endpoint] = (await get('sleeper')).endpoints
      http = endpoint?.http ?? ''
      grpc = endpoint?.grpc ?? ''
      return http !== ''
    })
    // Two requests two seconds apart are a habit: who asks so and stays away for half a minute is gone.
    for (const pauseMs of [2_000, 0]) {
      for (const name of ['sleeper', 'orphan'])
        await until(`${name} is routed`, async () => (await inferHttp(http, name, [[1]])).status === 200)
      await clock.sleep(pauseMs)
    }
  }, 90_000)

  afterAll(async () => {
    calm.abort()
    await trickled
    await cluster[Symbol.asyncDispose]()
  })

  test('gets a second instance for a load that needs two', async () => {
    const load = ['--json', 'load', 'busy', '--rate', '14', '--for', '9s', '--data', '{"x": [[1]]}']
    const loading = cluster.cli(load)
    await until('two answer', async () => answers(await get('busy')) === 2)
    const { stdout, stderr, code } = await loading
    expect(code, stderr).toBe(0)
    // Refused is what came before there were two; nothing that was taken is lost.
    const report = JSON.parse(stdout) as { due: number; answered: number; refused: number; failed: number }
    expect(report).toMatchObject({ due: 126, failed: 0, unsent: 0 })
    expect(report.answered + report.refused).toBe(report.due)
    expect(report.answered).toBeGreaterThan(report.due / 2)
    trickled = trickle('busy', 400, calm.signal)
  })

  test('that hangs answers who asked in time with an error, others go on, and it is started again', async () => {
    const before = clock.monotonicMs()
    const hung = await inferHttp(http, 'moody', [[hangs]])
    expect(hung).toMatchObject({ status: 504, error: expect.stringMatching(/not answer(ed)? within/) })
    expect(clock.monotonicMs() - before).toBeLessThan(10_000)
    for (let i = 0; i < 20; i++) {
      expect(await inferHttp(http, 'moody', [[3]])).toMatchObject({ status: 200, data: { y: [3] } })
      await clock.sleep(50)
    }
    await startsInAll('moody', 3)
    const exits = (await events('moody')).filter(({ kind }) => kind === 'exited')
    expect(exits).toHaveLength(1)
    expect(exits[0]!.text).toContain('predict() hangs')
  })

  test('that leaks is started again, and says that it did', async () => {
    // What was begun is answered, by this one or, where it ended too soon, by the other one.
    expect(await inferHttp(http, 'moody', [[leaks]])).toMatchObject({ status: 200, data: { y: [leaks] } })
    expect(await inferHttp(http, 'moody', [[4]])).toMatchObject({ status: 200, data: { y: [4] } })
    await startsInAll('moody', 4)
    const exits = (await events('moody')).filter(({ kind }) => kind === 'exited')
    expect(exits.at(-1)!.text).toMatch(/it holds 0\.\d+ GiB of memory, memory_gib allows 0\.25/)
  })

  test('that can not begin is tried less and less often, and says why', async () => {
    const broken = await deploy('broken', { handler: 'moody:Broken' })
    expect(broken.code, broken.stdout).toBe(1)
    expect(broken.stderr).toContain('weights.npy is not in the bundle')
    const listed = await cluster.cli(['function', 'ls'])
    expect(listed.stdout).toMatch(/broken +failed +0 of \d .*FileNotFoundError: weights.npy is not in the bundle/)
    const refused = await inferHttp(http, 'broken', [[1]], 500)
    expect(refused).toMatchObject({ status: 504, error: expect.stringMatching(/no instance answers yet: exit code 1/) })
    const begun = (await events('broken')).filter(({ kind }) => kind === 'started')
    expect(begun.length).toBeLessThanOrEqual(4)
    expect((await cluster.cli(['function', 'rm', 'broken'])).code).toBe(0)
  })

  test('without instances is woken by a burst, once, and answers all of it, over HTTP and gRPC', async () => {
    await until('it sleeps', () => isAsleep('sleeper'))
    const client = grpcClient(grpc)
    try {
      const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 1], contents: { fp32_contents: [5] } }]
      const [overHttp, overGrpc] = await Promise.all([
        Promise.all([1, 2, 3, 4, 5].map((value) => inferHttp(http, 'sleeper', [[value]]))),
        Promise.all([1, 2, 3, 4, 5].map(() => inferGrpc(client, { model_name: 'sleeper', inputs }))),
      ])
      expect(overHttp.map(({ data }) => data['y'])).toEqual([[1], [2], [3], [4], [5]])
      for (const { outputs } of overGrpc) expect(outputs[0]).toMatchObject({ contents: { fp32_contents: [5] } })
    } finally {
      client.close()
    }
    const wanted = (await events('sleeper')).filter(({ kind }) => kind === 'wanted')
    expect(wanted).toHaveLength(2)
  })

  test('that is asked while the control plane is away is woken once it is back', async () => {
    await until('it sleeps', () => isAsleep('orphan'))
    const before = cluster.process('control-plane').pid
    process.kill(before, 'SIGKILL')
    const patient = inferHttp(http, 'orphan', [[7]], 60_000)
    const impatient = await inferHttp(http, 'orphan', [[7]], 800)
    expect(impatient).toMatchObject({ status: 504, error: expect.stringMatching(/no instance answers yet: .*is away/) })
    expect(await patient).toMatchObject({ status: 200, data: { y: [7] } })
    const after = readClusterState(cluster.folder)?.processes.find(({ name }) => name === 'control-plane')
    expect(after?.pid).not.toBe(before)
  })

  test('gives the second instance back when it is calm, and loses nothing by it', async () => {
    await until('one is left', async () => (await get('busy')).instances.length === 1, 90)
    calm.abort()
    const all = await trickled
    expect(all.length).toBeGreaterThan(20)
    expect(all.filter(({ status }) => status !== 200)).toEqual([])
    expect(new Set(all.map(({ data }) => data['process']?.[0])).size).toBe(2)
    const told = await events('busy')
    expect(told.filter(({ kind }) => kind === 'wanted').at(-1)!.text).toMatch(/^2 are wanted in onprem\/lab: ./)
    expect(told.filter(({ kind }) => kind === 'released').at(-1)!.text).toMatch(/^1 are wanted in onprem\/lab: ./)
  })
})

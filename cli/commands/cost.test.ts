// `cloudless cost` against a real gRPC server in this process.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CostServiceHandlers } from '#proto/generated/cloudless/v1/CostService.ts'
import type { GetCostsRequest__Output } from '#proto/generated/cloudless/v1/GetCostsRequest.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { serve, type RpcServer } from '#proto/rpc/serve.ts'
import { systemClock } from '#runtime/clock.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { runProgram } from '../program.ts'
import { someCosts } from '../render/costs.fixture.ts'

let server: RpcServer
let folder: string
const asked: GetCostsRequest__Output[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-cost-'))
  const service: Implementation<CostServiceHandlers> = {
    getJobCost: async () => ({}),
    listLedgerEntries: async () => ({}),
    getCosts: async (request) => {
      asked.push(request)
      return { costs: someCosts() }
    },
  }
  server = await serve({
    services: { 'cloudless.v1.CostService': service },
    listen: { host: '127.0.0.1', port: 0 },
    clock: systemClock(),
    log: silentLog,
    metrics: createMetrics(),
  })
})
afterAll(async () => {
  await server.stop(0)
  rmSync(folder, { recursive: true, force: true })
})

async function cost(...given: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written) => ({
    write: (data: string | Uint8Array) => (written[name] += Buffer.from(data).toString('utf8')),
  })
  const code = await runProgram({
    arguments: ['--server', server.address, 'cost', ...given],
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    environment: { CLOUDLESS_HOME: folder },
    clock: systemClock(),
    random: seededRandom(1),
    signal: new AbortController().signal,
    version: '0',
  })
  return { code, ...written }
}

describe('cloudless cost', () => {
  test('asks for jobs, groups, owner and labels, and answers in tables', async () => {
    const { stdout } = await cost('j-1', 'j-2', '--by', 'region, kind', '--label', 'team=a=b', 'x=', '--owner', '')
    expect(stdout).toMatch(/use everything +1 h 58 min/)
    expect(asked.at(-1)).toMatchObject({ jobIds: ['j-1', 'j-2'], fromMs: 0, toMs: 0, owner: '' })
    expect(asked.at(-1)).toMatchObject({ labels: { team: 'a=b', x: '' }, groupBy: ['region', 'kind'], currency: '' })
  })

  test('asks for the last thirty days where no job is named', async () => {
    const { stdout } = await cost('--json', '--currency', 'CNY', '--until', '2036-11-02')
    const answer = { group_by: ['region'], total: { total_usd: 10 }, jobs: [{ labels: { team: 'vision' } }] }
    expect(JSON.parse(stdout)).toMatchObject(answer)
    expect(asked.at(-1)).toMatchObject({ jobIds: [], currency: 'CNY', toMs: Date.UTC(2036, 10, 2) })
    expect(Date.now() - asked.at(-1)!.fromMs).toBeGreaterThanOrEqual(30 * 86_400_000)
    expect(asked.at(-1)!.owner).toBeUndefined()
  })

  test('writes CSV, and a page', async () => {
    expect((await cost('--csv', '--since', '12h')).stdout).toMatch(
      /^region,total_usd,share.*\r\naws\/us-east-1,7.5,0.75/,
    )
    const file = join(folder, 'cost.html')
    expect((await cost('j-1', '--html', file)).stdout).toBe(`${file}\n`)
    expect(readFileSync(file, 'utf8')).toContain('Cost of fashion-mnist')
  })

  test.each([
    [['--since', 'soon'], '"soon" is no time; give for example 30d'],
    [['--label', 'team'], '"team" is not KEY=VALUE'],
    [['--html', '/nowhere/at/all.html'], '/nowhere/at is not a folder'],
    [['--csv', '--html', 'x.html'], 'cannot be used with option'],
  ])('refuses %j', async (given, text) => {
    const { code, stderr } = await cost(...given)
    expect(code).toBe(2)
    expect(stderr).toContain(text)
  })
})

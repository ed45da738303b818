// The command as it is typed: on this computer's files, and against a real gRPC server with two catalogues.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CatalogServiceHandlers } from '#proto/generated/cloudless/v1/CatalogService.ts'
import { serve, type RpcServer } from '#proto/rpc/serve.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import { systemClock } from '#runtime/clock.ts'
import { notFound } from '#runtime/errors.ts'
import { silentLog } from '#runtime/log.ts'
import { createMetrics } from '#runtime/metrics.ts'
import { seededRandom } from '#runtime/random.ts'
import { encodeContent, withHash } from '#regions/catalogue-content.ts'
import { bundledCataloguePath, loadCatalogue } from '#regions/load-catalogue.ts'
import type { ExitCode } from '../../exit-codes.ts'
import { runProgram } from '../../program.ts'

let folder = ''
let rack = ''
let server: RpcServer
beforeAll(async () => {
  server = await serveCatalogues()
  folder = mkdtempSync(join(tmpdir(), 'cli-catalog-'))
  rack = join(folder, 'rack.yaml')
  writeFileSync(
    rack,
    `regions:
  - { name: onprem/rack, latitude: 52.5, longitude: 13.4, prices: [{ deviceModel: nvidia-t4, usdPerUnitHour: 0.2 }] }
  - { name: aws/us-east-1, prices: [{ deviceModel: nvidia-t4, instanceType: g4dn.xlarge, perUnitHour: 0.263, currency: USD }] }
egress: [{ from: onprem/rack, to: "*", usdPerGb: 0 }]
`,
  )
})
afterAll(async () => {
  await server.stop(0)
  rmSync(folder, { recursive: true })
})

type Outcome = { readonly code: ExitCode; readonly stdout: string; readonly stderr: string; readonly json: unknown }

async function catalog(...given: readonly string[]): Promise<Outcome> {
  const [stdout, stderr]: [string[], string[]] = [[], []]
  const code = await runProgram({
    arguments: ['catalog', ...given],
    stdout: { write: (data) => stdout.push(String(data)) },
    stderr: { write: (data) => stderr.push(String(data)) },
    environment: { CLOUDLESS_HOME: folder },
    clock: systemClock(),
    random: seededRandom(1),
    signal: new AbortController().signal,
    version: '0',
  })
  const text = stdout.join('')
  return { code, stdout: text, stderr: stderr.join(''), json: given.includes('--json') ? JSON.parse(text) : null }
}

describe('show', () => {
  test('lists regions, also those without a price', async () => {
    const { code, stdout } = await catalog('show')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^catalogue 2026-11 \([0-9a-f]{12}\), 1 CNY = 0.14 USD\n/)
    expect(stdout).toMatch(/^aws\/cn-north-1 .*nvidia-t4/m)
    expect(stdout).toMatch(/^azure\/westeurope +0 +no price/m)
  })

  test('one region with its prices as stated and its links', async () => {
    const { stdout } = await catalog('show', 'aws/cn-north-1')
    expect(stdout).toMatch(/g4dn\.xlarge +every +\$0\.\d+ +5\.\d+ CNY +2024-11-06/)
    const { json } = await catalog('show', 'aws/us-east-1', '--json')
    const { region } = json as { region: { prices: object[]; links_from: object[]; links_to: object[] } }
    expect(region.prices[0]).toMatchObject({ device_model: 'cpu', market: 'on-demand', currency: 'USD' })
    expect(region.links_from).toHaveLength(91)
    expect(region.links_to[0]).toMatchObject({ to: 'aws/us-east-1', egress: { kind: 'per-gb' } })
  })

  test('links with both kinds of price, and devices with the cheapest place', async () => {
    const { stdout } = await catalog('show', 'tencent/ap-shanghai', '--links')
    expect(stdout).toMatch(/tencent\/ap-singapore .*\$12\.00 per Mbit\/s and month \(95th percentile\)/)
    const devices = await catalog('show', '--devices', '--json')
    const found = (devices.json as { devices: Record<string, unknown>[] }).devices
    expect(found.find((device) => device['device_model'] === 'nvidia-h100')).toMatchObject({
      relative_speed: 1047,
      on_demand: { region: 'onprem/lab' },
    })
  })

  test('what machines there are, and where they were sold', async () => {
    const { stdout } = await catalog('show', 'tencent/ap-tokyo', '--machines')
    expect(stdout).toMatch(/^tencent +GN7\.2XLARGE32 +1 nvidia-t4 +8 +32 GiB +3,000 Mbit\/s .*ap-tokyo-2/m)
    expect(stdout).not.toMatch(/GT4|aws/)
    const { json } = await catalog('show', '--machines', '--json')
    expect((json as { machines: unknown[] }).machines).toContainEqual({
      provider: 'aws',
      instance_type: 'p4d.24xlarge',
      device_model: 'nvidia-a100',
      devices: 8,
      vcpus: 96,
      memory_gib: 1152,
      network_mbit: 400000,
      zones: [],
    })
    expect((await catalog('show', '--machines', '--server', server.address)).code).toBe(2)
  })

  test('where the figures are from', async () => {
    const { stdout } = await catalog('show', '--sources')
    expect(stdout).toMatch(/^2026-11 +skyplane-throughput +Apache-2\.0 .*64 connections/m)
    expect(stdout).toMatch(/^2026-11 +assumed-aws-region +assumed /m)
  })

  test('what lies over the bundled list', async () => {
    const { stdout, code } = await catalog('show', 'onprem/rack', '--catalogue', rack)
    expect(code).toBe(0)
    expect(stdout).toContain('catalogue 2026-11+rack ')
    expect(stdout).toContain('onprem/rack  at 52.5, 13.4')
  })

  test('a region that is not there, and options that exclude each other', async () => {
    const wrong = await catalog('show', 'aws/us-eats-1')
    expect(wrong.code).toBe(3)
    expect(wrong.stderr).toContain('did you mean aws/us-east-1')
    expect((await catalog('show', '--links', '--devices')).code).toBe(2)
  })
})

describe('diff', () => {
  test('tells what a file changes', async () => {
    const { stdout, code } = await catalog('diff', 'bundled', rack)
    expect(code).toBe(0)
    expect(stdout).toMatch(/regions: 0 changed, 1 came, 0 went/)
    expect(stdout).not.toContain('bandwidth')
    expect(stdout).toContain('and 184 links of the regions that came or went')
    expect(stdout).toMatch(/~ +aws\/us-east-1 nvidia-t4 on-demand g4dn\.xlarge +\$0\.526 +\$0\.263 +-50 %/)
    const { json } = await catalog('diff', `bundled+${rack}`, 'bundled', '--json')
    expect(json).toMatchObject({ before: { version: '2026-11+rack' }, prices: { changed: [{ share: 1 }] } })
  })

  test('a folder stands on its own', async () => {
    expect((await catalog('diff', bundledCataloguePath, 'bundled')).stdout).toContain('no difference')
  })

  test('what is not there is named', async () => {
    const { code, stderr } = await catalog('diff', 'bundled', join(folder, 'nowhere'))
    expect(code).toBe(3)
    expect(stderr).toContain('nowhere can not be read')
  })
})

describe('verify', () => {
  test('counts what is there and tells what is odd', async () => {
    const { stdout, code } = await catalog('verify')
    expect(code).toBe(0)
    expect(stdout).toMatch(/is valid\n {2}92 regions/)
    expect(stdout).toContain('left out or mended:\n  aws/ap-northeast-1 nvidia-k80 spot p2.8xlarge: spot costs as much')
    const { json } = await catalog('verify', rack, '--json')
    expect(json).toMatchObject({ layers: ['2026-11', 'rack'], regions: 93, warnings: [] })
  })

  test('names file, field, value, line and fix', async () => {
    const broken = join(folder, 'broken.yaml')
    writeFileSync(
      broken,
      'regions:\n  - name: onprem/x\n    prices: [{ deviceModel: nvidia-t4, usdPerUnitHour: -1 }]\n',
    )
    const { code, stderr } = await catalog('verify', broken)
    expect(code).toBe(2)
    expect(stderr).toContain(`catalogue ${broken}`)
    expect(stderr).toContain('regions[0].prices[0].usdPerUnitHour: -1: use 0 or more (line 3)')
  })

  test('alone, a file that leans on the bundled one falls', async () => {
    const { code, stderr } = await catalog('verify', '--alone', rack)
    expect(code).toBe(2)
    expect(stderr).toContain('device model "nvidia-t4" does not exist')
  })
})

describe('what the control plane keeps', () => {
  test('is listed, with the one in force', async () => {
    const { stdout } = await catalog('list', '--server', server.address)
    expect(stdout).toMatch(/^[0-9a-f]{12} +2026-11 +none yet .*in force$/m)
    expect(stdout).toMatch(/^[0-9a-f]{12} +2025-02 +2025-02-03 /m)
  })

  test('is shown and compared', async () => {
    expect((await catalog('show', '--server', server.address)).stdout).toMatch(/^catalogue 2026-11 /)
    const old = await catalog('show', 'onprem/lab', '--at', '2025-02', '--server', server.address, '--json')
    expect(old.json).toMatchObject({ version: '2025-02', region: { name: 'onprem/lab', links_from: [] } })
    const diff = await catalog('diff', '@2025-02', 'bundled', '--server', server.address)
    expect(diff.stdout).toMatch(/regions: 0 changed, 91 came, 0 went/)
  })

  test('and nothing else', async () => {
    const { code, stderr } = await catalog('show', '--at', '1999-01', '--server', server.address)
    expect(code).toBe(3)
    expect(stderr).toContain('catalogue 1999-01 does not exist')
    const damaged = await catalog('show', '--at', 'damaged', '--server', server.address)
    expect(damaged.code).toBe(1)
    expect(damaged.stderr).toContain('is damaged: the sha256 of its content is')
    const both = await catalog('show', '--catalogue', rack, '--server', server.address)
    expect(both.code).toBe(2)
  })
})

async function serveCatalogues(): Promise<RpcServer> {
  const current = await loadCatalogue()
  const regions = current.regions.filter(({ name }) => name === 'onprem/lab')
  const old = withHash({ ...current, version: '2025-02', regions, links: [] })
  const infoOf = ({ hash, version }: typeof current) => ({ hash, version, bytes: 1 })
  const service: Implementation<CatalogServiceHandlers> = {
    listCatalogs: async () => ({
      catalogs: [
        { ...infoOf(current), isCurrent: true },
        { ...infoOf(old), firstUsedAtMs: Date.UTC(2025, 1, 3) },
      ],
    }),
    getCatalog: async function* ({ catalog: named }) {
      const found = [current, old].find(({ version }) => named === '' || named === version || named === 'damaged')
      if (found === undefined) throw notFound('catalogue', named)
      const content = Buffer.from(encodeContent(found))
      const half = content.length >> 1
      yield { catalog: infoOf(found), data: content.subarray(0, half) }
      if (named !== 'damaged') yield { data: content.subarray(half) }
    },
  }
  return serve({
    services: { 'cloudless.v1.CatalogService': service },
    listen: { host: '127.0.0.1', port: 0 },
    clock: systemClock(),
    log: silentLog,
    metrics: createMetrics(),
  })
}

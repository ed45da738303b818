// Functions asked through their region's gateway, on real processes and with the real command line: one whose instance is
// yet to begin, one under an open-loop load.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { explainSkip, python, TestCluster } from './cluster.fixture.ts'

explainSkip('serving-gateway')

function functionFile(cluster: TestCluster, name: string, more: object = {}): string {
  const path = join(cluster.folder, `${name}.yaml`)
  const file = {
    name,
    folder: join(import.meta.dirname, 'inference'),
    handler: 'model:Scale',
    environment: { FACTOR: '2' },
    slo: { latency_ms: 500, percentile: 99 },
    batch_max: 8,
    ...more,
  }
  writeFileSync(path, JSON.stringify(file))
  return path
}

test.skipIf(python === '')(
  'a request waits for an instance that is yet to begin; a function under load answers through the gateway',
  { timeout: 120_000 },
  async () => {
    await using cluster = await TestCluster.start({ regions: ['onprem/lab'], cpuUnits: 4 })
    const deploy = (name: string, more: object = {}) =>
      cluster.cli(['--json', 'function', 'deploy', functionFile(cluster, name, more)])
    const [scale, asleep] = await Promise.all([deploy('scale'), deploy('asleep', { instances: { min: 0, max: 2 } })])
    expect(scale.code, scale.stderr).toBe(0)
    expect(asleep.code, asleep.stderr).toBe(0)

    const asked = await cluster.cli(['function', 'invoke', 'scale', '--data', '{"x": [[1, 2], [3, 4]]}'])
    expect(asked.stdout, asked.stderr).toContain('y FP32[2, 2]  [[2,4],[6,8]]')
    const shown = await cluster.cli(['--json', 'function', 'get', 'scale'])
    expect(JSON.parse(shown.stdout)).toMatchObject({ endpoints: [{ region: 'onprem/lab' }] })
    const woken = await cluster.cli(['--json', 'function', 'invoke', 'asleep', '--data', '{"x": [[1, 2]]}'])
    expect(woken.code, woken.stderr).toBe(0)
    expect(JSON.parse(woken.stdout)).toMatchObject({ outputs: [{ name: 'y', data: [2, 4] }, {}] })

    const wrong = await cluster.cli(['function', 'invoke', 'scale', '--data', '{"y": [[1, 2]]}'])
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('400') })
    const nobody = await cluster.cli(['load', 'skale', '--rate', '1', '--data', '{"x": [[1, 2]]}'])
    expect(nobody).toMatchObject({ code: 3, stderr: expect.stringContaining('neither a function nor a pipeline') })

    const load = ['--json', 'load', 'scale', '--rate', '40', '--poisson', '--for', '3s', '--data', '{"x": [[1, 2]]}']
    const { code, stdout, stderr } = await cluster.cli(load)
    expect(code, stderr).toBe(0)
    const report = JSON.parse(stdout) as { due: number; answered: number; failed: number; unsent: number }
    expect(report.due).toBeGreaterThan(80)
    expect(report).toMatchObject({ failed: 0, unsent: 0, slo: { latency_ms: 500 } })
  },
)

import pc from 'picocolors'
import { describe, expect, test } from 'vitest'
import type { RunReport, SimulationReport } from '#control-plane/simulation/simulation-report.ts'
import { renderSimulation } from '../render/simulation.ts'
import { renderSimulationPage } from './simulation-page.ts'

const plain = pc.createColors(false)
const spread = { count: 2, mean: 60, p50: 60, p95: 90, max: 90 }

function aRun(run: Partial<RunReport> = {}): RunReport {
  return {
    policy: 'least-cost',
    jobs: { submitted: 3, refused: 1, byState: { failed: 1, succeeded: 2 }, refusals: [] },
    makespanSeconds: 7_200,
    waiting: spread,
    turnaround: spread,
    deadlines: { jobs: 0, met: 0 },
    cost: {
      totalUsd: 12.5,
      computeUsd: 12,
      egressUsd: 0.5,
      storageUsd: 0,
      egressBytes: 5e9,
      entries: 9,
      byPurpose: { train: 11, start: 1 },
      byRegion: [{ region: 'onprem/lab', computeUsd: 12, egressUsd: 0.5, egressBytes: 5e9 }],
    },
    forecast: { seconds: { ...spread, p50: 1.05 }, usd: { ...spread, p50: 1.1 } },
    utilisation: {
      share: 0.5,
      trainingShare: 0.9,
      byClass: [{ name: 'cpu', units: 4, busyHours: 4, availableHours: 8, share: 0.5 }],
      byRegion: [{ name: 'onprem/lab', units: 4, busyHours: 4, availableHours: 8, share: 0.5 }],
    },
    spot: { unitsLost: 0, workersHit: 0 },
    replans: 1,
    sights: [
      { atSeconds: 0, waiting: 1, running: 0, unitsInUse: 0, unitsThere: 4 },
      { atSeconds: 3_600, waiting: 0, running: 1, unitsInUse: 4, unitsThere: 4 },
    ],
    ...run,
  }
}

function aReport(runs: readonly RunReport[]): SimulationReport {
  const catalogue = { catalogVersion: '2026-11', catalogHash: 'ab'.repeat(32) }
  return { name: 'a lab', seed: 7, ...catalogue, regions: 1, units: 4, arrivals: 4, lengthSeconds: 3_600, runs }
}

describe('a simulation', () => {
  test('as text has a column per policy, what it is of, and who could not run', () => {
    const refused = aRun({ policy: 'load-power', jobs: { ...aRun().jobs, refusals: ['digits: no such device'] } })
    const text = renderSimulation(aReport([aRun(), refused]), plain)
    expect(text).toContain(
      'a lab: 4 jobs in 1 h 0 min on 4 units in 1 region; seed 7, catalogue 2026-11 (abababababab)',
    )
    expect(text).toMatch(/LEAST-COST +LOAD-POWER/)
    expect(text).toMatch(/jobs ended well +2 of 3 +2 of 3/)
    expect(text).toMatch(/jobs otherwise +1 failed, 1 refused/)
    expect(text).toMatch(/cost +\$12\.50 +\$12\.50/)
    expect(text).toContain('jobs that could not run:\n  digits: no such device')
  })

  test('as a page loads nothing, and what a name holds is text', () => {
    const hostile = aRun({ jobs: { ...aRun().jobs, refusals: ['<script>alert(1)</script>'] } })
    const page = renderSimulationPage(aReport([hostile]), { style: 'p {}', scripts: ['draw()'] })
    expect(page).toContain('<title>Simulation of a lab</title>')
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).not.toMatch(/<script>alert|(src|href)="http/)
    expect(page).toContain('id="chart-in-use"')
    expect(page).not.toContain('Cost by policy')
    expect(
      renderSimulationPage(aReport([hostile, aRun({ policy: 'proportional' })]), { style: '', scripts: [] }),
    ).toContain('Cost by policy')
  })
})

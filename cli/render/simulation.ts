// A simulation's report as text: one column per policy, then where units were used and what for.
import type { RunReport, SimulationReport, UseRow } from '#control-plane/simulation/simulation-report.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatBytes, formatCount, formatPercent, formatSeconds, formatUsd } from '../units.ts'

export function renderSimulation(report: SimulationReport, style: Style): string {
  const { name, seed, runs, catalogVersion, catalogHash } = report
  const what = `${formatCount(report.arrivals)} jobs in ${formatSeconds(report.lengthSeconds)}`
  const where = `${formatCount(report.units)} units in ${report.regions} ${report.regions === 1 ? 'region' : 'regions'}`
  const policies = runs.map((run) => ({ head: run.policy, align: 'right' as const }))
  const parts = [
    `${style.bold(name)}: ${what} on ${where}; seed ${seed}, catalogue ${catalogVersion} (${catalogHash.slice(0, 12)})`,
    renderTable([{ head: '' }, ...policies], rowsOf(runs), style),
    ...runs.map((run) => `${style.bold(`units, ${run.policy}`)}\n${useTable(run, style)}`),
    ...refusals(runs),
  ]
  return parts.join('\n\n')
}

type Figure = readonly [name: string, of: (run: RunReport) => string]

/** What a person compares first; shared with the page. */
export const figures: readonly Figure[] = [
  ['jobs ended well', ({ jobs }) => `${formatCount(jobs.byState['succeeded'] ?? 0)} of ${formatCount(jobs.submitted)}`],
  ['jobs otherwise', ({ jobs }) => othersOf(jobs)],
  ['cost', ({ cost }) => formatUsd(cost.totalUsd)],
  ['  compute', ({ cost }) => formatUsd(cost.computeUsd)],
  [
    '  of that starting or idle',
    ({ cost }) => formatUsd((cost.byPurpose['start'] ?? 0) + (cost.byPurpose['idle'] ?? 0)),
  ],
  ['  egress', ({ cost }) => `${formatUsd(cost.egressUsd)} for ${formatBytes(cost.egressBytes)}`],
  ['makespan', ({ makespanSeconds }) => formatSeconds(makespanSeconds)],
  ['waiting, median', ({ waiting }) => formatSeconds(waiting.p50)],
  ['waiting, 95 %', ({ waiting }) => formatSeconds(waiting.p95)],
  ['arrival to end, median', ({ turnaround }) => formatSeconds(turnaround.p50)],
  ['arrival to end, 95 %', ({ turnaround }) => formatSeconds(turnaround.p95)],
  ['deadlines met', ({ deadlines }) => (deadlines.jobs === 0 ? '-' : `${deadlines.met} of ${deadlines.jobs}`)],
  ['units in use', ({ utilisation }) => formatPercent(utilisation.share)],
  ['  of that training', ({ utilisation }) => formatPercent(utilisation.trainingShare)],
  ['spot units lost', ({ spot }) => `${formatCount(spot.unitsLost)}, ${formatCount(spot.workersHit)} in use`],
  ['plans replaced', ({ replans }) => formatCount(replans)],
  ['time over forecast, median', ({ forecast }) => forecast.seconds.p50.toFixed(2)],
  ['cost over forecast, median', ({ forecast }) => forecast.usd.p50.toFixed(2)],
]

function rowsOf(runs: readonly RunReport[]): readonly (readonly string[])[] {
  return figures.map(([name, of]) => [name, ...runs.map(of)])
}

function othersOf({ byState, refused }: RunReport['jobs']): string {
  const others = Object.entries({ ...byState, refused }).filter(([state, jobs]) => state !== 'succeeded' && jobs > 0)
  return others.length === 0 ? '-' : others.map(([state, jobs]) => `${formatCount(jobs)} ${state}`).join(', ')
}

/** By class, and the regions with the most units. */
function useTable({ utilisation }: RunReport, style: Style): string {
  const busiest = utilisation.byRegion.toSorted((a, b) => b.busyHours - a.busyHours).slice(0, regionsShown)
  const left = utilisation.byRegion.length - busiest.length
  const table = renderTable(
    [
      { head: 'units' },
      { head: 'count', align: 'right' },
      { head: 'unit-hours', align: 'right' },
      { head: 'in use', align: 'right' },
    ],
    [...utilisation.byClass, ...busiest].map(useRow),
    style,
  )
  return left > 0 ? `${table}\n${style.dim(`and ${left} more regions`)}` : table
}

const regionsShown = 12

function useRow({ name, units, busyHours, share }: UseRow): readonly string[] {
  return [name, formatCount(units), formatCount(busyHours), formatPercent(share)]
}

function refusals(runs: readonly RunReport[]): readonly string[] {
  const texts = [...new Set(runs.flatMap(({ jobs }) => jobs.refusals))]
  return texts.length === 0 ? [] : [`jobs that could not run:\n${texts.map((text) => `  ${text}`).join('\n')}`]
}

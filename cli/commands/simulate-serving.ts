// `cloudless simulate --serving SCENARIO`: functions under recorded or drawn load, with several autoscaling policies. In a process of
// its own, so that it can be interrupted and its memory is its own.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServingReport, ServingScenario } from '#physical-plane/serving/replay/replay-report.ts'
import { CloudlessError, type ErrorKind, type FieldViolation } from '#runtime/errors.ts'
import type { Context } from '../context.ts'
import { renderServing } from '../render/serving-simulation.ts'
import { readAssets } from '../report/page/page.ts'
import { pageTarget, writePage } from '../report/page/write-page.ts'
import { renderServingPage } from '../report/serving-page.ts'
import { runChild } from '../run-child.ts'
import { readServingScenario } from '../serving-scenario.ts'

export type ServingGiven = { readonly seed: number | null; readonly html: string | null }

export async function simulateServing(context: Context, path: string, { seed, html }: ServingGiven): Promise<void> {
  const page = html === null ? null : await pageTarget(html)
  const read = readServingScenario(path)
  const scenario = seed === null ? read : { ...read, seeds: [seed] }
  const report = await replayed(context, scenario)
  if (page === null) context.output.result(report, () => renderServing(report, context.output.style))
  else {
    await writePage(page, renderServingPage(report, await readAssets()))
    context.output.result({ path: page }, () => page)
  }
}

type Line = {
  readonly progress?: { readonly policy: string; readonly done: number; readonly of: number }
  readonly report?: ServingReport
  readonly error?: {
    readonly kind: ErrorKind
    readonly reason: string
    readonly message: string
    readonly violations: readonly FieldViolation[]
  }
}

async function replayed({ output, environment, signal }: Context, scenario: ServingScenario): Promise<ServingReport> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudless-serving-'))
  let last: Line = {}
  let bar: ReturnType<typeof output.progress> | null = null
  const program = join(import.meta.dirname, '../../physical-plane/serving/replay/main.ts')
  try {
    const path = join(folder, 'scenario.json')
    await writeFile(path, JSON.stringify(scenario))
    const child = await runChild(process.execPath, [program, path], {
      environment,
      signal,
      onLine: (text) => {
        const line = lineOf(text)
        if (line === null) return
        last = line
        if (last.progress === undefined) return
        const { policy, done, of } = last.progress
        bar ??= output.progress('replaying', of, (runs) => `${runs} of ${of} runs`)
        bar.update(done, policy)
      },
    })
    if (last.error !== undefined) {
      const { kind, reason, message, violations } = last.error
      throw new CloudlessError(kind, reason, message, { violations })
    }
    if (child.status === 0 && last.report !== undefined) return last.report
    throw new CloudlessError('internal', 'SIMULATION', `the replay ended without a report: ${child.tail}`)
  } finally {
    ;(bar as ReturnType<typeof output.progress> | null)?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Null for what else a process may print. */
function lineOf(text: string): Line | null {
  if (!text.startsWith('{')) return null
  try {
    return JSON.parse(text) as Line
  } catch {
    return null
  }
}

// `cloudless profile FILE`: how much of a GPU a function needs, measured on a GPU of this machine.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import type { Context, Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { profilerFolder } from '../profile/explicit-share.ts'
import { renderProfilePage } from '../profile/page.ts'
import { fileForm } from '../profile/points-from-profile.ts'
import { probeText, renderProfile } from '../profile/render.ts'
import { runProfiler, type Profiled } from '../profile/run-profiler.ts'
import { environmentOf, readTarget, type Target } from '../profile/target.ts'
import { findPython } from '../python-environment.ts'
import { pageTarget, writePage } from '../report/page/write-page.ts'

type Options = {
  readonly device?: string
  readonly rate?: string
  readonly slo?: string
  readonly seconds: string
  readonly anew?: true
  readonly mps: boolean
  readonly html?: string
}

const help = `
A job's script is started as it would be alone, without regions: it must find data by the \`alone\` arguments of its session. A function's
class must declare its \`inputs\`, of which only the first size may be open. Let nothing else run on the GPU meanwhile.`

/** Batches are tried in powers of two. */
const batchesMax = 16

export function profileCommand(run: Run): Command {
  return new Command('profile')
    .description('measure on a GPU of this machine how large a share of one a function needs')
    .argument('<file>', 'job file (YAML): its script is run alone; or function file')
    .option('--device <model>', 'which GPU, where there are several models; for example nvidia-t4')
    .option('--slo <ms>', 'another latency than the function file has')
    .option('--rate <per-second>', 'requests that are to be carried; as many as one instance can when not given')
    .option('--seconds <number>', 'how long each probe measures', '5')
    .option('--anew', 'measure again, even if the answer for this bundle, GPU and driver is remembered')
    .option('--no-mps', 'hold shares by the interposer alone')
    .option('--html <file>', 'write one self-contained page with the probes; an older one is replaced')
    .addHelpText('after', help)
    .action(
      run(async (context, path: string, options: Options) => {
        const page = options.html === undefined ? null : await pageTarget(options.html)
        const target = withSlo(await readTarget(path), numberOf('--slo', options.slo))
        const found = await profile(context, target, options)
        if (page !== null) {
          const style = await readFile(join(import.meta.dirname, '../report/page/page.css'), 'utf8')
          await writePage(page, renderProfilePage(target, found, style))
        }
        const shown = { ...found, points: pointsIn(found) }
        context.output.result(page === null ? shown : { ...shown, path: page }, () =>
          [renderProfile(target, found, context.output.style), ...(page === null ? [] : [page])].join('\n'),
        )
        return found.profile === null ? exitCodes.failed : exitCodes.ok
      }),
    )
}

/** As its file would have them. */
function pointsIn({ device, profile: found }: Profiled): readonly ReturnType<typeof fileForm>[] {
  return (found?.points ?? []).map((point) => fileForm({ deviceModel: device.model, ...point }))
}

async function profile(context: Context, target: Target, options: Options): Promise<Profiled> {
  const { environment, home, clock, signal, output } = context
  const seconds = numberOf('--seconds', options.seconds)
  const rate = numberOf('--rate', options.rate)
  checkFor(target, rate)
  const { python } = await findPython({
    environment,
    home,
    withTests: false,
    clock,
    signal,
    note: (text) => output.note(text),
  })
  const config = {
    folder: profilerFolder(home),
    function: target.name,
    digest: target.digest,
    work: target.work,
    program: {
      command: python,
      args: target.args,
      folder: target.folder,
      environment: environmentOf(target, environment),
    },
    slo_latency_ms: target.slo?.latencyMs ?? null,
    slo_percentile: target.slo?.percentile,
    slo_per: target.slo?.per,
    rate_per_second: rate,
    batches: batchesUpTo(target.batchMax),
    seconds_per_probe: seconds,
    device_model: options.device ?? null,
    uses_mps: options.mps,
    is_anew: options.anew === true,
  }
  const bar = output.progress(`profiling ${target.name}`, 1, () => '')
  try {
    return await runProfiler(config, {
      environment,
      signal,
      onEvent: (event) => {
        if (event.kind === 'probe')
          bar.update(Math.min(0.99, event.made / event.atMost), `${event.made}. ${probeText(event.probe)}`)
      },
    })
  } finally {
    bar.stop()
  }
}

function withSlo(target: Target, latencyMs: number | null): Target {
  if (latencyMs === null) return target
  return { ...target, slo: { percentile: 99, per: 'request', ...target.slo, latencyMs } }
}

function checkFor({ work, slo }: Target, rate: number | null): void {
  const wrong: FieldViolation[] = []
  if (work === 'training' && slo !== null)
    wrong.push({ field: '--slo', description: 'is of functions that answer requests; a training job has none' })
  if (work === 'training' && rate !== null)
    wrong.push({ field: '--rate', description: 'is of functions that answer requests; a training job has none' })
  if (work === 'inference' && slo === null)
    wrong.push({ field: '--slo', description: 'is needed: the function file has no latency to keep to' })
  if (wrong.length > 0) throw invalid(wrong, 'USAGE')
}

function numberOf(field: string, text: string): number
function numberOf(field: string, text: string | undefined): number | null
function numberOf(field: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw invalid([{ field, description: `${JSON.stringify(text)} is not a positive number` }], 'USAGE')
  return value
}

function batchesUpTo(most: number): readonly number[] {
  const batches = Array.from({ length: batchesMax }, (_, power) => 2 ** power).filter((batch) => batch < most)
  return [...batches, Math.max(1, most)]
}

// `cloudless load NAME`: an open-loop load on a function or a pipeline, through the real gateway.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { seededRandom } from '#runtime/random.ts'
import { connect, type Context, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { declaredInputs, openPool } from '../invoke/ask.ts'
import { awaitTarget, findTarget, type Target } from '../invoke/endpoint.ts'
import { isShort, readData, requestBody } from '../invoke/request-body.ts'
import { arrivals, type LoadShape } from '../load/arrivals.ts'
import { loadLimits } from '../load/config.ts'
import { httpSender } from '../load/http-sender.ts'
import { durationMs, rateOf, readTrace, refusal } from '../load/options.ts'
import { renderLoadPage } from '../load/page.ts'
import { loadReport, type LoadReport } from '../load/report.ts'
import { runLoad } from '../load/run-load.ts'
import { renderLoad } from '../render/load.ts'
import { pageTarget, writePage } from '../report/page/write-page.ts'
import { formatSeconds } from '../units.ts'

type Options = {
  readonly data: string
  readonly rate?: string
  readonly trace?: string
  readonly scale: string
  readonly poisson?: true
  readonly for?: string
  readonly seed: string
  readonly inFlight: string
  readonly region?: string
  readonly html?: string
}

const help = `
Requests are sent when they are due, however long answers take, and a latency runs from when its request was due. A trace has a rate per
second and line, or is a JSON list of rates. What is due while --in-flight requests are under way is never sent, and counts as missed.`

export function loadCommand(run: Run): Command {
  return new Command('load')
    .description('put a function or a pipeline under load through its gateway, and measure')
    .argument('<name>', 'of the function or pipeline')
    .requiredOption('--data <data>', 'the request: JSON, a file of it, or - for standard input')
    .option('--rate <per-second>', 'requests per second')
    .option('--trace <file>', 'another rate each second, from a file')
    .option('--scale <factor>', 'of the rates of the trace', '1')
    .option('--poisson', 'at random times with that rate, instead of evenly apart')
    .option('--for <time>', 'for example 60s or 5m; the length of the trace, or 30s, when not given')
    .option('--seed <number>', 'of the random times', '1')
    .option('--in-flight <requests>', 'under way at once at most', '256')
    .option('--region <region>', 'at the gateway of this region')
    .option('--html <file>', 'write one self-contained page; an older one is replaced')
    .addHelpText('after', help)
    .action(
      run(async (context, name: string, options: Options) => {
        const shape = shapeOf(options)
        const forMs = options.for === undefined ? usualMs(shape, options) : durationMs('--for', options.for)
        const data = readData(options.data, () => readFileSync(0, 'utf8'))
        // What can not be a request is said before anything is asked.
        requestBody(data, [])
        const page = options.html === undefined ? null : await pageTarget(options.html)
        using services = connect(context)
        const find = () => findTarget(services, null, name, options.region, context.signal)
        const target = await awaitTarget(context, find)
        const report = await load(context, target, data, shape, forMs, options)
        const { output } = context
        if (page !== null) {
          const style = await readFile(join(import.meta.dirname, '../report/page/page.css'), 'utf8')
          await writePage(page, renderLoadPage(report, style))
        }
        output.result(page === null ? report : { ...report, path: page }, () =>
          [renderLoad(report, output.style), ...(page === null ? [] : [page])].join('\n'),
        )
        if (context.signal.aborted) return exitCodes.interrupted
        return report.answered === 0 ? exitCodes.failed : exitCodes.ok
      }),
    )
}

async function load(
  { clock, signal, output }: Context,
  target: Target,
  data: unknown,
  shape: LoadShape,
  forMs: number,
  options: Options,
): Promise<LoadReport> {
  const inFlightMax = wholeNumber('--in-flight', options.inFlight, loadLimits.inFlightMax)
  const random = seededRandom(wholeNumber('--seed', options.seed, Number.MAX_SAFE_INTEGER))
  const pool = openPool(target.address, inFlightMax)
  const progress = output.progress(`load on ${target.name}`, forMs / 1000, formatSeconds)
  try {
    const asking = { timeoutMs: target.timeoutMs, signal, nowMs: () => clock.monotonicMs() }
    const declared = isShort(data) ? await declaredInputs(pool, target.name, asking) : []
    const body = JSON.stringify(requestBody(data, declared))
    const beganMs = clock.monotonicMs()
    const result = await runLoad({
      clock,
      arrivals: arrivals(shape, forMs, random),
      send: httpSender(pool, { name: target.name, body, timeoutMs: target.timeoutMs }),
      inFlightMax,
      sloMs: target.sloMs,
      signal,
      progressEveryMs: loadLimits.progressEveryMs,
      onProgress: ({ answered, refused, failed, unsent, inFlight, latencies }) => {
        const told = `${answered} answered, ${refused} refused, ${failed + unsent} failed, ${inFlight} under way, p99 ${latencies.percentile(99).toFixed(1)} ms`
        progress.update(Math.min(forMs, clock.monotonicMs() - beganMs) / 1000, told)
      },
    })
    return loadReport(target, result)
  } finally {
    progress.stop()
    await pool.destroy()
  }
}

function shapeOf({ rate, trace, scale, poisson }: Options): LoadShape {
  if ((rate === undefined) === (trace === undefined))
    throw refusal({ field: '--rate', description: 'give either --rate or --trace, not both or neither' })
  const rates = trace === undefined ? [rateOf('--rate', rate!)] : readTrace(trace, rateOf('--scale', scale))
  return { rates, isPoisson: poisson === true }
}

function usualMs({ rates }: LoadShape, { trace }: Options): number {
  return trace === undefined ? 30_000 : Math.min(loadLimits.durationMsMax, rates.length * 1000)
}

function wholeNumber(field: string, text: string, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value
  throw refusal({ field, description: `${JSON.stringify(text)} is no whole number from 1 to ${most}` })
}

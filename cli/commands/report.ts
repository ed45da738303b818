// `cloudless report JOB`: what came of a job and what happened on the way, as text, JSON or one page to keep.
import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command } from 'commander'
import { CloudlessError, invalid, messageOf } from '#runtime/errors.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { exitCodeOfVerdict, strictOption } from '../follow-job.ts'
import { renderReport } from '../render/report.ts'
import { fetchHistory } from '../report/job-history.ts'
import { jobReport } from '../report/job-report.ts'
import { readAssets, renderPage } from '../report/page/page.ts'

export function reportCommand(run: Run): Command {
  return new Command('report')
    .description('report on a job: verdict, accuracy, bytes, cost, who took part when, what happened')
    .argument('<job>', 'job id')
    .option('--html <file>', 'write one self-contained page; an older one is replaced')
    .addOption(strictOption())
    .action(
      run(async (context, jobId: string, options: { readonly html?: string; readonly strict?: true }) => {
        const { output, signal, clock } = context
        const path = options.html === undefined ? null : await targetOf(options.html)
        using services = connect(context)
        const history = await fetchHistory(services, jobId, clock.now(), signal)
        const report = jobReport(history)
        if (path === null) output.result(report, () => renderReport(report, output.style, output.columns))
        else {
          await writeWhole(path, renderPage(report, history.rounds, await readAssets()))
          output.result({ path }, () => path)
        }
        return options.strict === true ? exitCodeOfVerdict(report.verdict) : exitCodes.ok
      }),
    )
}

/** Checked before anything is asked for. */
async function targetOf(given: string): Promise<string> {
  const path = resolve(given)
  const folder = await stat(dirname(path)).catch(() => null)
  if (folder?.isDirectory() !== true)
    throw invalid([{ field: '--html', description: `${dirname(path)} is not a folder` }])
  const target = await stat(path).catch(() => null)
  if (target?.isDirectory() === true)
    throw invalid([{ field: '--html', description: `${path} is a folder; name a file` }])
  return path
}

/** Whole or not at all, for a browser that has the older one open. */
async function writeWhole(path: string, content: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`
  try {
    await writeFile(unfinished, content)
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    const text = `cannot write ${path}: ${messageOf(error)}`
    throw new CloudlessError('unavailable', 'REPORT_UNWRITABLE', text, { cause: error })
  }
}

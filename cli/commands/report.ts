// `cloudless report JOB`: what came of a job and what happened on the way, as text, JSON or one page to keep.
import { Command } from 'commander'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { exitCodeOfVerdict, strictOption } from '../follow-job.ts'
import { renderReport } from '../render/report.ts'
import { fetchHistory } from '../report/job-history.ts'
import { jobReport } from '../report/job-report.ts'
import { readAssets, renderPage } from '../report/page/page.ts'
import { pageTarget, writePage } from '../report/page/write-page.ts'

export function reportCommand(run: Run): Command {
  return new Command('report')
    .description('report on a job: verdict, accuracy, bytes, cost, who took part when, what happened')
    .argument('<job>', 'job id')
    .option('--html <file>', 'write one self-contained page; an older one is replaced')
    .addOption(strictOption())
    .action(
      run(async (context, jobId: string, options: { readonly html?: string; readonly strict?: true }) => {
        const { output, signal, clock } = context
        const path = options.html === undefined ? null : await pageTarget(options.html)
        using services = connect(context)
        const history = await fetchHistory(services, jobId, clock.now(), signal)
        const report = jobReport(history)
        if (path === null) output.result(report, () => renderReport(report, output.style, output.columns))
        else {
          await writePage(path, renderPage(report, history.rounds, await readAssets()))
          output.result({ path }, () => path)
        }
        return options.strict === true ? exitCodeOfVerdict(report.verdict) : exitCodes.ok
      }),
    )
}

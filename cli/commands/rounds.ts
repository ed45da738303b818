// `cloudless rounds JOB`: every inter-region round, with who took part, who did not and why.
import { Command, InvalidArgumentError } from 'commander'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { allRounds } from '../history.ts'
import { renderRounds } from '../render/rounds.ts'

type Options = { readonly region: string; readonly last: number }

export function roundsCommand(run: Run): Command {
  return new Command('rounds')
    .description('list the rounds of a job: members, absent regions, bytes, seconds, stall, staleness, codec error')
    .argument('<job>', 'job id')
    .option('--region <region>', 'only as this region saw them', '')
    .option('--last <rounds>', 'only the last of each region (0: all)', wholeNumber, 20)
    .action(
      run(async (context, jobId: string, options: Options) => {
        using services = connect(context)
        const rounds = await allRounds(services.jobs, jobId, options.region, context.signal)
        context.output.result({ rounds }, () => renderRounds(rounds, options.last, context.output.style))
        return exitCodes.ok
      }),
    )
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number.`)
  return Number(text)
}

// `cloudless logs JOB`: what a job's workers printed. With several instances each line says whose it is. What the
// parameter servers log is for operators, and shown on demand.
import { Command, InvalidArgumentError } from 'commander'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from '../config.ts'
import { connect, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { prefixLines } from '../prefix-lines.ts'

/** Roles of instances that are no function of the user's. */
const ours: ReadonlySet<string> = new Set(['parameter-server', 'data-server', 'data-stager'])

type Options = { readonly follow?: true; readonly instance?: string; readonly all?: true; readonly tail: number }

export function logsCommand(run: Run): Command {
  return new Command('logs')
    .description('show what a job printed')
    .argument('<job>', 'job id')
    .option('-f, --follow', 'go on as the job prints')
    .option('--instance <id>', 'only this instance')
    .option('--all', 'logs of parameter servers and of what moves data too')
    .option('--tail <lines>', 'only the last lines of each instance (0: all)', wholeNumber, 0)
    .action(
      run(async (context, jobId: string, options: Options) => {
        using services = connect(context)
        const { output, signal } = context
        const request = {
          jobId,
          instanceId: options.instance ?? '',
          follow: options.follow === true,
          tailLines: options.tail,
        }
        const prefix = prefixLines((instanceId) => output.style.dim(`${instanceId} | `))
        const isOne = request.instanceId !== ''
        try {
          for await (const chunk of services.jobs.streamLogs(request, {
            signal,
            deadlineMs: waits.transferDeadlineMs,
          })) {
            const { data } = chunk
            if (ours.has(chunk.role) && !isOne && options.all !== true) continue
            const text = output.isJson || isOne ? data : prefix.add(chunk.instanceId, data)
            output.bytes({ ...chunk, data: new TextDecoder().decode(data) }, text)
          }
        } catch (error) {
          const hasStopped = signal.aborted && error instanceof CloudlessError && error.kind === 'cancelled'
          if (!hasStopped) throw error
        }
        const rest = prefix.end()
        if (rest.length > 0) output.bytes({}, rest)
        return signal.aborted ? exitCodes.interrupted : exitCodes.ok
      }),
    )
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number.`)
  return Number(text)
}

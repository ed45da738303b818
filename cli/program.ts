// The command line as a value: arguments in, exit code out. Knows the commands and the global options, nothing else.
import { Command, CommanderError, Option } from 'commander'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import { cancelCommand } from './commands/cancel.ts'
import { catalogCommand } from './commands/catalog.ts'
import { costCommand } from './commands/cost.ts'
import { demoCommand } from './commands/demo.ts'
import { downCommand } from './commands/down.ts'
import { functionCommand } from './commands/function.ts'
import { jobsCommand } from './commands/jobs.ts'
import { linksCommand } from './commands/links.ts'
import { loadCommand } from './commands/load.ts'
import { logsCommand } from './commands/logs.ts'
import { migCommand } from './commands/mig.ts'
import { modelCommand } from './commands/model.ts'
import { pipelineCommand } from './commands/pipeline.ts'
import { planCommand } from './commands/plan.ts'
import { profileCommand } from './commands/profile.ts'
import { regionsCommand } from './commands/regions.ts'
import { reportCommand } from './commands/report.ts'
import { resumeCommand } from './commands/resume.ts'
import { roundsCommand } from './commands/rounds.ts'
import { setupPythonCommand } from './commands/setup-python.ts'
import { simulateCommand } from './commands/simulate.ts'
import { statusCommand } from './commands/status.ts'
import { submitCommand } from './commands/submit.ts'
import { topCommand } from './commands/top.ts'
import { upCommand } from './commands/up.ts'
import { homeOf, type Context, type Run } from './context.ts'
import { errorReport, renderError } from './error-report.ts'
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts'
import { openOutput, wantsColours, type Output, type Stream } from './output.ts'
import type { Environment } from './server-address.ts'

export type ProgramOptions = {
  /** Without the program's own name. */
  readonly arguments: readonly string[]
  readonly stdout: Stream
  readonly stderr: Stream
  readonly environment: Environment
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  readonly version: string
}

type GlobalOptions = { readonly json?: true; readonly quiet?: true; readonly color: boolean; readonly server?: string }

export async function runProgram(options: ProgramOptions): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok
  const program = new Command('cloudless')
  const openFor = (global: GlobalOptions): Output => {
    const isTerminal = options.stdout.isTTY === true
    return openOutput({
      stdout: options.stdout,
      stderr: options.stderr,
      clock: options.clock,
      isJson: global.json === true,
      isQuiet: global.quiet === true,
      colours: wantsColours(options.environment, isTerminal, !global.color),
    })
  }
  const run: Run =
    (work) =>
    async (...given) => {
      const global = program.opts<GlobalOptions>()
      const output = openFor(global)
      try {
        exitCode = await work(contextOf(options, global, output), ...given)
      } catch (error) {
        exitCode = reportFailure(error, output, options)
      }
    }
  defineProgram(program, run, options)
  try {
    await program.parseAsync([...options.arguments], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return exitCodes.ok
    const isJson = options.arguments.includes('--json')
    const output = openFor({ color: true, ...(isJson ? { json: true as const } : {}) })
    const text = error.message.replace(/^error: /, '')
    // Asked for nothing: commander has shown the help.
    if (error.code === 'commander.help') return exitCodes.usage
    return reportFailure(new CloudlessError('invalid', 'USAGE', text), output, options)
  }
  return exitCode
}

function defineProgram(program: Command, run: Run, options: ProgramOptions): void {
  program
    .description('Train one model over data in many regions as one job.')
    .version(options.version, '-V, --version')
    .addOption(new Option('--server <host:port>', 'control plane (default: CLOUDLESS_SERVER, else the local cluster)'))
    .option('--json', 'print one JSON value, or one a line for streams, on standard output')
    .option('--quiet', 'print results and errors only')
    .option('--no-color', 'no colours, even on a terminal')
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 unavailable, 5 conflict, 130 interrupted.',
    )
  const commands = [
    upCommand(run),
    downCommand(run),
    planCommand(run),
    submitCommand(run),
    jobsCommand(run),
    statusCommand(run),
    roundsCommand(run),
    reportCommand(run),
    logsCommand(run),
    cancelCommand(run),
    resumeCommand(run),
    costCommand(run),
    regionsCommand(run),
    linksCommand(run),
    topCommand(run),
    functionCommand(run),
    pipelineCommand(run),
    loadCommand(run),
    catalogCommand(run),
    modelCommand(run),
    profileCommand(run),
    migCommand(run),
    simulateCommand(run),
    demoCommand(run),
    setupPythonCommand(run),
  ]
  for (const command of commands) program.addCommand(command)
  for (const command of [program, ...commands, ...commands.flatMap((each) => each.commands)]) {
    command.exitOverride()
    command.configureOutput({
      writeOut: (text: string) => void options.stdout.write(text),
      // Errors are reported by reportFailure, in text or JSON; help for a bare command still shows.
      writeErr: (text: string) => void (text.startsWith('error:') ? undefined : options.stderr.write(text)),
    })
  }
}

function contextOf(options: ProgramOptions, global: GlobalOptions, output: Output): Context {
  return {
    clock: options.clock,
    random: options.random,
    environment: options.environment,
    output,
    signal: options.signal,
    home: homeOf(options.environment),
    server: global.server ?? null,
  }
}

function reportFailure(error: unknown, output: Output, options: ProgramOptions): ExitCode {
  const isInterrupted = options.signal.aborted
  // Whatever an interruption made fail on its way out is no news.
  const isJustThat = isInterrupted && (!(error instanceof CloudlessError) || error.kind === 'cancelled')
  const shown = isJustThat ? new CloudlessError('cancelled', 'INTERRUPTED', 'interrupted', { cause: error }) : error
  const report = errorReport(shown)
  if (output.isJson) options.stdout.write(`${JSON.stringify({ error: report })}\n`)
  else if (isJustThat) options.stderr.write('interrupted\n')
  else options.stderr.write(`${renderError(shown, output.style)}\n`)
  return isInterrupted ? exitCodes.interrupted : exitCodeOf(report.kind)
}

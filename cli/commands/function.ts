// `cloudless function`: functions that answer requests. `deploy` waits until they do, and says meanwhile what lacks.
import { Command, InvalidArgumentError } from 'commander'
import type { Function__Output } from '#proto/generated/cloudless/v1/Function.ts'
import type { InstanceEvent__Output } from '#proto/generated/cloudless/v1/InstanceEvent.ts'
import { present } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { limits, waits } from '../config.ts'
import { connect, throwIfInterrupted, type Context, type Run } from '../context.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { invokeCommand } from './invoke.ts'
import { readFunctionFile } from '../function-file.ts'
import { enumWord } from '../json.ts'
import { prefixLines } from '../prefix-lines.ts'
import { explicitFunction, withProfile } from '../profile/explicit-share.ts'
import { renderEvents, renderFunction, renderFunctions } from '../render/function.ts'
import type { FunctionClient, Services } from '../services.ts'
import { uploadBundle } from '../upload-bundle.ts'

export function functionCommand(run: Run): Command {
  return new Command('function')
    .description('functions that answer requests')
    .addCommand(deployCommand(run))
    .addCommand(listCommand(run))
    .addCommand(getCommand(run))
    .addCommand(invokeCommand(run, 'function'))
    .addCommand(removeCommand(run))
    .addCommand(logsCommand(run))
    .addCommand(eventsCommand(run))
}

type DeployOptions = { readonly dryRun?: true; readonly wait: boolean; readonly timeout: number }

function deployCommand(run: Run): Command {
  return new Command('deploy')
    .description('make a function, or change it to what the file says')
    .argument('<file>', 'function file (YAML)')
    .option('--dry-run', 'only check it; nothing is stored')
    .option('--no-wait', 'do not wait until it answers')
    .option('--timeout <seconds>', 'wait at most so long', wholeNumber, waits.functionReadyMs / 1000)
    .action(
      run(async (context, path: string, options: DeployOptions) => {
        const { file, profile } = await explicitFunction(readFunctionFile(path), context)
        const { spec, folder } = file
        using services = connect(context)
        const { output, signal } = context
        const bundleDigest = await uploadBundle(services.jobs, folder, output, signal)
        const validateOnly = options.dryRun === true
        const answer = await services.functions.deployFunction(
          { spec: { ...spec, bundleDigest }, validateOnly },
          { signal },
        )
        const made = present(answer.function, 'function in the answer to DeployFunction')
        if (validateOnly) output.note('nothing was stored')
        else output.note(answer.isChanged ? `deployed as ${made.id}` : 'it is as the file says already')
        const last = options.wait && !validateOnly ? await untilReady(context, services, made, options.timeout) : made
        output.result(withProfile(last, profile), () => renderFunction(last, output.style))
        return last.state === 'FUNCTION_STATE_FAILED' ? exitCodes.failed : exitCodes.ok
      }),
    )
}

/** Each new reason is told once. */
async function untilReady(
  { clock, output, signal }: Context,
  { functions }: Services,
  made: Function__Output,
  seconds: number,
): Promise<Function__Output> {
  const name = made.spec?.name ?? ''
  const endsAtMs = clock.monotonicMs() + seconds * 1000
  let told = ''
  for (;;) {
    const found = present((await functions.getFunction({ name }, { signal })).function, `function ${name}`)
    if (found.reason !== told) output.note(`${enumWord(found.state)}: ${found.reason}`)
    told = found.reason
    if (found.state === 'FUNCTION_STATE_READY' || found.state === 'FUNCTION_STATE_FAILED') return found
    if (clock.monotonicMs() >= endsAtMs) {
      const text = `function ${name} is ${enumWord(found.state)} after ${seconds} s: ${found.reason}; \`cloudless function get ${name}\` shows it`
      throw new CloudlessError('deadline', 'NOT_READY', text)
    }
    await clock.sleep(waits.functionPollMs, signal)
    throwIfInterrupted(signal)
  }
}

function listCommand(run: Run): Command {
  return new Command('ls').description('list functions').action(
    run(async (context): Promise<ExitCode> => {
      using services = connect(context)
      const functions = await listFunctions(services.functions, context.signal)
      context.output.result({ functions }, () => renderFunctions(functions, context.output.style))
      return exitCodes.ok
    }),
  )
}

async function listFunctions(client: FunctionClient, signal: AbortSignal): Promise<readonly Function__Output[]> {
  const found: Function__Output[] = []
  let pageToken = ''
  for (let page = 0; page < limits.pagesMax; page++) {
    const answer = await client.listFunctions({ pageSize: limits.pageSize, pageToken }, { signal })
    found.push(...answer.functions)
    if (answer.nextPageToken === '' || answer.nextPageToken === pageToken) break
    pageToken = answer.nextPageToken
  }
  return found
}

function getCommand(run: Run): Command {
  return new Command('get')
    .description('show a function and where its instances answer')
    .argument('<name>', 'of the function')
    .action(
      run(async (context, name: string) => {
        using services = connect(context)
        const { output, signal } = context
        const found = present((await services.functions.getFunction({ name }, { signal })).function, `function ${name}`)
        output.result(found, () => renderFunction(found, output.style))
        return exitCodes.ok
      }),
    )
}

function removeCommand(run: Run): Command {
  return new Command('rm')
    .description('delete a function; its instances end what they have begun')
    .argument('<name>', 'of the function')
    .action(
      run(async (context, name: string) => {
        using services = connect(context)
        await services.functions.deleteFunction({ name }, { signal: context.signal })
        context.output.result({ name }, () => `${name} is being deleted`)
        return exitCodes.ok
      }),
    )
}

function eventsCommand(run: Run): Command {
  return new Command('events')
    .description('show what happened to a function and why, oldest first')
    .argument('<name>', 'of the function')
    .action(
      run(async (context, name: string) => {
        using services = connect(context)
        const { output, signal } = context
        const events: InstanceEvent__Output[] = []
        let pageToken = ''
        for (let page = 0; page < limits.pagesMax; page++) {
          const request = { name, pageSize: limits.historyPageSize, pageToken }
          const answer = await services.functions.listFunctionEvents(request, { signal })
          events.push(...answer.events)
          if (answer.nextPageToken === '' || answer.nextPageToken === pageToken) break
          pageToken = answer.nextPageToken
        }
        output.result({ events }, () => renderEvents(events, output.style))
        return exitCodes.ok
      }),
    )
}

type LogsOptions = { readonly follow?: true; readonly instance?: string }

function logsCommand(run: Run): Command {
  return new Command('logs')
    .description('show what a function printed')
    .argument('<name>', 'of the function')
    .option('-f, --follow', 'go on as it prints')
    .option('--instance <id>', 'only this instance, also one that has gone')
    .action(
      run(async (context, name: string, options: LogsOptions) => {
        using services = connect(context)
        const { output, signal } = context
        const instanceId = options.instance ?? ''
        const request = { name, instanceId, follow: options.follow === true }
        const prefix = prefixLines((id) => output.style.dim(`${id} | `))
        try {
          const calls = { signal, deadlineMs: waits.transferDeadlineMs }
          for await (const chunk of services.functions.streamFunctionLogs(request, calls)) {
            const { data } = chunk
            const text = output.isJson || instanceId !== '' ? data : prefix.add(chunk.instanceId, data)
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
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number.`)
  return Number(text)
}

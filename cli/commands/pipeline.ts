// `cloudless pipeline`: functions that answer together. `deploy` waits until all of them do.
import { Command, InvalidArgumentError } from 'commander'
import type { Pipeline__Output } from '#proto/generated/cloudless/v1/Pipeline.ts'
import { present } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { limits, waits } from '../config.ts'
import { connect, throwIfInterrupted, type Context, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { enumWord } from '../json.ts'
import { readPipelineFile } from '../pipeline-file.ts'
import { renderPipeline, renderPipelines } from '../render/pipeline.ts'
import type { PipelineClient } from '../services.ts'
import { invokeCommand } from './invoke.ts'

export function pipelineCommand(run: Run): Command {
  return new Command('pipeline')
    .description('functions that answer together, with one objective')
    .addCommand(deployCommand(run))
    .addCommand(listCommand(run))
    .addCommand(getCommand(run))
    .addCommand(invokeCommand(run, 'pipeline'))
    .addCommand(removeCommand(run))
}

type DeployOptions = { readonly dryRun?: true; readonly wait: boolean; readonly timeout: number }

function deployCommand(run: Run): Command {
  return new Command('deploy')
    .description('make a pipeline, or change it to what the file says')
    .argument('<file>', 'pipeline file (YAML)')
    .option('--dry-run', 'only check it; nothing is stored')
    .option('--no-wait', 'do not wait until it answers')
    .option('--timeout <seconds>', 'wait at most so long', wholeNumber, waits.functionReadyMs / 1000)
    .action(
      run(async (context, path: string, options: DeployOptions) => {
        const spec = readPipelineFile(path)
        using services = connect(context)
        const { output, signal } = context
        const validateOnly = options.dryRun === true
        const answer = await services.pipelines.deployPipeline({ spec, validateOnly }, { signal })
        const made = present(answer.pipeline, 'pipeline in the answer to DeployPipeline')
        if (validateOnly) output.note('nothing was stored')
        else output.note(answer.isChanged ? `deployed as ${made.id}` : 'it is as the file says already')
        const isWaiting = options.wait && !validateOnly
        const last = isWaiting ? await untilReady(context, services.pipelines, made, options.timeout) : made
        output.result(last, () => renderPipeline(last, output.style))
        return exitCodes.ok
      }),
    )
}

/** Each new reason is told once. */
async function untilReady(
  { clock, output, signal }: Context,
  pipelines: PipelineClient,
  made: Pipeline__Output,
  seconds: number,
): Promise<Pipeline__Output> {
  const name = made.spec?.name ?? ''
  const endsAtMs = clock.monotonicMs() + seconds * 1000
  let told = ''
  for (;;) {
    const found = present((await pipelines.getPipeline({ name }, { signal })).pipeline, `pipeline ${name}`)
    if (found.reason !== told) output.note(`${enumWord(found.state)}: ${found.reason}`)
    told = found.reason
    if (found.state === 'PIPELINE_STATE_READY') return found
    if (clock.monotonicMs() >= endsAtMs) {
      const text = `pipeline ${name} is ${enumWord(found.state)} after ${seconds} s: ${found.reason}; \`cloudless pipeline get ${name}\` shows it`
      throw new CloudlessError('deadline', 'NOT_READY', text)
    }
    await clock.sleep(waits.functionPollMs, signal)
    throwIfInterrupted(signal)
  }
}

function listCommand(run: Run): Command {
  return new Command('ls').description('list pipelines').action(
    run(async (context) => {
      using services = connect(context)
      const pipelines = await listPipelines(services.pipelines, context.signal)
      context.output.result({ pipelines }, () => renderPipelines(pipelines, context.output.style))
      return exitCodes.ok
    }),
  )
}

async function listPipelines(client: PipelineClient, signal: AbortSignal): Promise<readonly Pipeline__Output[]> {
  const found: Pipeline__Output[] = []
  let pageToken = ''
  for (let page = 0; page < limits.pagesMax; page++) {
    const answer = await client.listPipelines({ pageSize: limits.pageSize, pageToken }, { signal })
    found.push(...answer.pipelines)
    if (answer.nextPageToken === '' || answer.nextPageToken === pageToken) break
    pageToken = answer.nextPageToken
  }
  return found
}

function getCommand(run: Run): Command {
  return new Command('get')
    .description('show a pipeline, where it is asked and what part of its objective each stage has')
    .argument('<name>', 'of the pipeline')
    .action(
      run(async (context, name: string) => {
        using services = connect(context)
        const { output, signal } = context
        const found = present((await services.pipelines.getPipeline({ name }, { signal })).pipeline, `pipeline ${name}`)
        output.result(found, () => renderPipeline(found, output.style))
        return exitCodes.ok
      }),
    )
}

function removeCommand(run: Run): Command {
  return new Command('rm')
    .description('delete a pipeline; its functions stay')
    .argument('<name>', 'of the pipeline')
    .action(
      run(async (context, name: string) => {
        using services = connect(context)
        await services.pipelines.deletePipeline({ name }, { signal: context.signal })
        context.output.result({ name }, () => `${name} is deleted; its functions stay`)
        return exitCodes.ok
      }),
    )
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number.`)
  return Number(text)
}

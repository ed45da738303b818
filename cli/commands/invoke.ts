// `cloudless function invoke` and `cloudless pipeline invoke`: asks through the gateway and shows what comes back.
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError } from 'commander'
import { connect, type Context, type Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { limits } from '../config.ts'
import { declaredInputs, infer, openPool, type Answer, type AskOptions } from '../invoke/ask.ts'
import { awaitTarget, findTarget, type Asked, type Target } from '../invoke/endpoint.ts'
import { isShort, readData, requestBody } from '../invoke/request-body.ts'
import { renderAnswer, renderRepeated } from '../render/answer.ts'

type Options = { readonly data: string; readonly repeat: number; readonly timeout?: number; readonly region?: string }

const help = `
The data is the JSON of the Open Inference Protocol ({"inputs": [...]}), or tensors by name as nested lists: {"x": [[1, 2]]}.`

export function invokeCommand(run: Run, kind: Asked): Command {
  return new Command('invoke')
    .description(`ask a ${kind} through its region's gateway`)
    .argument('<name>', `of the ${kind}`)
    .requiredOption('--data <data>', 'JSON, a file of it, or - for standard input')
    .option('--repeat <times>', 'ask so often, one after the other', wholeNumber, 1)
    .option('--timeout <ms>', `answer within this time; that of the ${kind} when not given`, wholeNumber)
    .option('--region <region>', 'at the gateway of this region')
    .addHelpText('after', help)
    .action(
      run(async (context, name: string, options: Options) => {
        const data = readData(options.data, () => readFileSync(0, 'utf8'))
        // What can not be a request is said before anything is asked.
        requestBody(data, [])
        using services = connect(context)
        const find = () => findTarget(services, kind, name, options.region, context.signal)
        const target = await awaitTarget(context, find)
        const answers = await ask(context, target, data, options)
        const [first] = answers
        const { output } = context
        const value = { region: target.region, milliseconds: answers.map(({ milliseconds }) => milliseconds) }
        output.result({ ...value, outputs: first!.outputs }, () =>
          [renderAnswer(first!, output.columns), ...(answers.length > 1 ? [renderRepeated(answers, target)] : [])].join(
            '\n',
          ),
        )
        return exitCodes.ok
      }),
    )
}

async function ask(context: Context, target: Target, data: unknown, options: Options): Promise<readonly Answer[]> {
  const { clock, signal, output } = context
  const pool = openPool(target.address, 1)
  const asking: AskOptions = {
    timeoutMs: options.timeout ?? target.timeoutMs,
    signal,
    nowMs: () => clock.monotonicMs(),
  }
  try {
    const declared = isShort(data) ? await declaredInputs(pool, target.name, asking) : []
    const body = JSON.stringify(requestBody(data, declared))
    const answers: Answer[] = []
    const progress =
      options.repeat > 1 ? output.progress(target.name, options.repeat, (done) => `${done} answered`) : null
    try {
      for (let i = 0; i < options.repeat; i++) {
        const answer = await infer(pool, target.name, body, asking)
        // Only the first one's outputs are shown.
        answers.push(i === 0 ? answer : { ...answer, outputs: [] })
        progress?.update(i + 1)
      }
    } finally {
      progress?.stop()
    }
    return answers
  } finally {
    await pool.destroy()
  }
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text) || Number(text) > limits.repeatMax)
    throw new InvalidArgumentError(`"${text}" is not a whole number from 1 to ${limits.repeatMax}.`)
  return Number(text)
}

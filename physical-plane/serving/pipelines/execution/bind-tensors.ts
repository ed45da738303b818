// Which tensors a stage gets, and which the client: by name. A stage that names inputs gets those and no others, as functions that
// declare inputs refuse others; one that names none gets everything of what it comes after, or of the request where it is first.
import { GatewayFault } from '#physical-plane/serving/gateway/fault.ts'
import type { RoutedPipeline } from '#physical-plane/serving/gateway/infer.ts'
import { tensorSource } from '#proto/pipelines/stage-graph.ts'
import type { Prepared } from './prepare.ts'
import { malformed, type PipelineRequest, type Tensor } from './tensors.ts'

/** `answers` are of all stages before it, by place. */
export function bindInputs<Head>(
  pipeline: RoutedPipeline,
  { graph }: Prepared,
  place: number,
  given: readonly Tensor<Head>[],
  answers: ReadonlyMap<number, readonly Tensor<Head>[]>,
): readonly Tensor<Head>[] {
  const { name: stage, inputs } = pipeline.stages[place]!
  const named = Object.entries(inputs)
  if (named.length > 0)
    return named.map(([name, text]) => {
      const { stage: from, tensor } = tensorSource(text)
      const among = from === null ? given : answers.get(graph.names.indexOf(from))!
      const found = among.find((one) => one.name === tensor)
      if (found !== undefined) return { ...found, name }
      const known = among.map((one) => one.name).join(', ')
      if (from === null)
        throw malformed(`stage ${stage} needs tensor ${tensor} of the request, which has ${known}; send it`)
      throw new GatewayFault(
        'internal',
        `stage ${stage}: ${from} answers no ${tensor}, but ${known}; name one of these`,
      )
    })
  const before = graph.before[place]!
  if (before.length === 0) return given
  const from = new Map<string, string>()
  return before.flatMap((one) =>
    answers.get(one)!.map((tensor) => {
      const other = from.get(tensor.name)
      if (other !== undefined) {
        const names = `${other}.${tensor.name} and ${graph.names[one]}.${tensor.name}`
        throw new GatewayFault('internal', `stage ${stage}: both ${names} would be its ${tensor.name}; name its inputs`)
      }
      from.set(tensor.name, graph.names[one]!)
      return tensor
    }),
  )
}

/** Outputs of the stages that none waits for; of a name that several have, each with its stage before it. `all` is by place. */
export function answerOf<Head>(
  { graph }: Prepared,
  { wanted }: PipelineRequest<Head>,
  all: readonly (readonly Tensor<Head>[])[],
): readonly Tensor<Head>[] {
  const last = graph.order.filter((place) => graph.next[place]!.length === 0)
  const counts = new Map<string, number>()
  for (const place of last) for (const { name } of all[place]!) counts.set(name, (counts.get(name) ?? 0) + 1)
  const outputs = last.flatMap((place) =>
    all[place]!.map((tensor) =>
      counts.get(tensor.name) === 1 ? tensor : { ...tensor, name: `${graph.names[place]}.${tensor.name}` },
    ),
  )
  if (wanted.length === 0) return outputs
  return wanted.map((name) => {
    const found = outputs.find((output) => output.name === name)
    if (found !== undefined) return found
    throw malformed(`outputs: there is no ${name}; there is ${outputs.map((output) => output.name).join(', ')}`)
  })
}

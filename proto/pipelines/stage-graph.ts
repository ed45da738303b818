// The stages of a pipeline as a graph: what is wrong with one, said so that it can be put right, and what is before and after what in
// one that is not. Pure: the control plane refuses by it, the gateways run by it.
import { assert } from '#runtime/assert.ts'
import type { FieldViolation } from '#runtime/errors.ts'

export const stagesMax = 32

/** The fields of a stage of pipeline.proto that make the graph. */
export type Stage = {
  readonly name: string
  readonly after: readonly string[]
  /** Its input tensors by name, each as "stage.output" or, of the request, "input". */
  readonly inputs?: Readonly<Record<string, string>>
}

/** Where a tensor comes from; `stage` is null where it is one of the request. */
export type TensorSource = { readonly stage: string | null; readonly tensor: string }

/** Names of stages hold no dots. */
export function tensorSource(text: string): TensorSource {
  const dot = text.indexOf('.')
  return dot < 0 ? { stage: null, tensor: text } : { stage: text.slice(0, dot), tensor: text.slice(dot + 1) }
}

/** By position in the list of stages that it was made of. */
export type StageGraph = {
  readonly names: readonly string[]
  /** All positions; none before what it comes after, otherwise as they were given. */
  readonly order: readonly number[]
  /** Whom a stage waits for, without those that another of them waits for anyway. In ascending order. */
  readonly before: readonly (readonly number[])[]
  readonly next: readonly (readonly number[])[]
  /** Everything that must have answered before it begins, near and far. */
  readonly allBefore: readonly ReadonlySet<number>[]
}

/** Empty when they make one pipeline. Fields are as in pipeline.proto. */
export function stageFaults(stages: readonly Stage[]): readonly FieldViolation[] {
  if (stages.length === 0) return [{ field: 'stages', description: 'has none; name at least one' }]
  if (stages.length > stagesMax)
    return [{ field: 'stages', description: `has ${stages.length}; a pipeline has at most ${stagesMax}` }]
  const named = nameFaults(stages)
  if (named.length > 0) return named
  const cycle = findCycle(stages)
  if (cycle !== null) {
    const description = `${cycle.join(' waits for ')}: nothing would ever begin; take one of these away`
    return [{ field: `stages[${stages.findIndex(({ name }) => name === cycle[0])}].after`, description }]
  }
  return [...apartFaults(stages), ...inputFaults(stages)]
}

/** Of stages without faults. */
export function stageGraph(stages: readonly Stage[]): StageGraph {
  const faults = stageFaults(stages)
  assert(faults.length === 0, `stages with faults: ${faults.map(({ description }) => description).join('; ')}`)
  return graphOf(stages)
}

function graphOf(stages: readonly Stage[]): StageGraph {
  const places = new Map(stages.map(({ name }, place) => [name, place]))
  const given = stages.map(({ after }) => [...new Set(after)].map((name) => places.get(name)!))
  const order = inOrder(given)
  const allBefore: Set<number>[] = stages.map(() => new Set())
  for (const place of order)
    for (const one of given[place]!) {
      allBefore[place]!.add(one)
      for (const far of allBefore[one]!) allBefore[place]!.add(far)
    }
  const before = given.map((direct) =>
    direct.filter((one) => !direct.some((other) => allBefore[other]!.has(one))).toSorted((a, b) => a - b),
  )
  const next = stages.map((_, place) => order.filter((one) => before[one]!.includes(place)).toSorted((a, b) => a - b))
  return { names: stages.map(({ name }) => name), order, before, next, allBefore }
}

function nameFaults(stages: readonly Stage[]): FieldViolation[] {
  const faults: FieldViolation[] = []
  const firsts = new Map<string, number>()
  for (const [place, { name }] of stages.entries()) {
    const field = `stages[${place}].name`
    const first = firsts.get(name)
    if (name === '') faults.push({ field, description: 'is empty; give the stage a name' })
    else if (name.includes('.')) faults.push({ field, description: `${name} has a dot; use a DNS label` })
    else if (first !== undefined)
      faults.push({ field, description: `${name} is stages[${first}] already; give each stage a name of its own` })
    else firsts.set(name, place)
  }
  for (const [place, { name, after }] of stages.entries())
    for (const [index, one] of after.entries()) {
      const field = `stages[${place}].after[${index}]`
      const known = [...firsts.keys()].join(', ')
      if (!firsts.has(one))
        faults.push({ field, description: `no stage is named ${JSON.stringify(one)}; there is ${known}` })
      else if (one === name) faults.push({ field, description: `${name} would wait for itself; name another stage` })
    }
  return faults
}

/** The stages of one circle, its first again at the end; each waits for the next. */
function findCycle(stages: readonly Stage[]): readonly string[] | null {
  const after = new Map(stages.map((stage) => [stage.name, stage.after]))
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): readonly string[] | null => {
    const seenAt = path.indexOf(name)
    if (seenAt >= 0) return [...path.slice(seenAt), name]
    if (done.has(name)) return null
    for (const one of after.get(name)!) {
      const cycle = visit(one, [...path, name])
      if (cycle !== null) return cycle
    }
    done.add(name)
    return null
  }
  for (const { name } of stages) {
    const cycle = visit(name, [])
    if (cycle !== null) return cycle
  }
  return null
}

/** Stages that no path joins with the first are another pipeline. */
function apartFaults(stages: readonly Stage[]): FieldViolation[] {
  const reached = new Set([stages[0]!.name])
  for (let size = 0; size !== reached.size;) {
    size = reached.size
    for (const { name, after } of stages)
      if (reached.has(name) || after.some((one) => reached.has(one)))
        for (const one of [name, ...after]) reached.add(one)
  }
  const apart = stages.filter(({ name }) => !reached.has(name)).map(({ name }) => name)
  if (apart.length === 0) return []
  const description = `${apart.join(', ')} neither wait for ${stages[0]!.name} and what follows it nor are waited for; join them with "after", or deploy them as a pipeline of their own`
  return [{ field: 'stages', description }]
}

function inputFaults(stages: readonly Stage[]): FieldViolation[] {
  const { names, allBefore } = graphOf(stages)
  return stages.flatMap(({ name, inputs = {} }, place) =>
    Object.entries(inputs).flatMap(([input, text]) => {
      const field = `stages[${place}].inputs.${input}`
      const { stage, tensor } = tensorSource(text)
      if (tensor === '') return [{ field, description: `${JSON.stringify(text)} names no tensor; write stage.output` }]
      if (stage === null) return []
      const source = names.indexOf(stage)
      if (source >= 0 && allBefore[place]!.has(source)) return []
      const why = source < 0 ? `no stage is named ${JSON.stringify(stage)}` : `${name} does not come after ${stage}`
      const before = [...allBefore[place]!].map((one) => names[one]!).toSorted()
      const fix = before.length === 0 ? 'name an input of the request' : `name an output of ${before.join(', ')}`
      return [{ field, description: `${text}: ${why}; ${fix}` }]
    }),
  )
}

/** Kahn's, the earliest given first. */
function inOrder(after: readonly (readonly number[])[]): number[] {
  const order: number[] = []
  const isPlaced = after.map(() => false)
  while (order.length < after.length) {
    const place = after.findIndex((ones, at) => !isPlaced[at]! && ones.every((one) => isPlaced[one]!))
    assert(place >= 0, 'stages that wait for each other')
    isPlaced[place] = true
    order.push(place)
  }
  return order
}

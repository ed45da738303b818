// What-ifs about the job: its objective, budget, policy, markets, data and model. What they lead to is checked like a job that
// somebody submits, once all of them are applied.
import { budgetActions, type JobSpec, type Shard } from '#control-plane/model/job.ts'
import { isMeant } from '../may-move.ts'
import { withSpec, type Applied, type Question } from './question.ts'
import { changed, type WhatIf } from './what-if.ts'

type JobChange = Exclude<WhatIf, { readonly kind: 'price' | 'units' | 'gone' | 'link' | 'speed' }>

export function changeJob(question: Question, whatIf: JobChange): Applied {
  const { spec, decidedAtMs } = question.input
  switch (whatIf.kind) {
    case 'model-size':
      return changeModelSize(question, whatIf)
    case 'budget':
      return changeBudget(question, whatIf)
    case 'deadline':
      return withSpec(question, { objective: { kind: 'deadline', atMs: whatIf.atMs } })
    case 'deadline-in': {
      const atMs = decidedAtMs + Math.round(whatIf.seconds * 1000)
      return withSpec(question, { objective: { kind: 'deadline', atMs } })
    }
    case 'slack':
      return withSpec(question, { objective: { kind: 'least-cost', slack: whatIf.slack } })
    case 'policy':
      return withSpec(question, { policy: whatIf.policy })
    case 'markets':
      return withSpec(question, { resources: { ...spec.resources, markets: whatIf.markets } })
    case 'may-move-to':
      return changeShards(question, whatIf.regions, (shard) => ({ ...shard, mayMoveTo: whatIf.targets }))
    case 'data':
      return changeShards(question, whatIf.regions, (shard, share) => {
        const { property, change } = whatIf
        const value = change.kind === 'times' ? changed(shard[property], change) : change.value * share
        return { ...shard, [property]: Math.round(value) }
      })
  }
}

/** An amount that is set is that of a region's data as a whole: each shard gets its share, by samples. */
function changeShards(question: Question, pattern: string, change: (shard: Shard, share: number) => Shard): Applied {
  const { goingOn, spec } = question.input
  if (goingOn !== undefined) return 'the plan is for the work that was left; ask that of a plan that was made afresh'
  const { shards } = spec
  const meant = shards.filter(({ region }) => isMeant(pattern, region))
  if (meant.length === 0) {
    const regions = [...new Set(shards.map(({ region }) => region))].sort().join(', ')
    return `the job has no data in ${pattern}; it has some in ${regions}`
  }
  const samplesOf = (region: string): number =>
    shards.reduce((sum, shard) => sum + (shard.region === region ? shard.samples : 0), 0)
  const next = shards.map((shard): Shard => {
    if (!isMeant(pattern, shard.region)) return shard
    const all = samplesOf(shard.region)
    return change(shard, all === 0 ? 0 : shard.samples / all)
  })
  return withSpec(question, { shards: next })
}

function changeBudget(question: Question, { change }: JobChange & { readonly kind: 'budget' }): Applied {
  if (change === null) return withSpec(question, { budget: null })
  const { budget } = question.input.spec
  if (budget === null && change.kind === 'times') return 'the job has no budget that could change; set one with =20'
  const next: JobSpec['budget'] = {
    usd: changed(budget?.usd ?? 0, change),
    actions: budget?.actions ?? [...budgetActions],
  }
  return withSpec(question, { budget: next })
}

/** What lies behind an update stays, unless it is said. */
function changeModelSize(
  question: Question,
  { change, samplesPerStep }: JobChange & { readonly kind: 'model-size' },
): Applied {
  const known = question.input.modelSize
  const step = samplesPerStep ?? known?.samplesPerStep ?? null
  if (step === null || (known === null && change.kind === 'times')) {
    return 'nothing is known of the model before a first run of the function; write for example =400MB/128: the bytes of an update and the samples of a step'
  }
  const updateBytes = Math.round(changed(known?.updateBytes ?? 0, change))
  if (updateBytes < 1) return 'a model without bytes is none; write for example =400MB'
  return { ...question, input: { ...question.input, modelSize: { updateBytes, samplesPerStep: step } } }
}

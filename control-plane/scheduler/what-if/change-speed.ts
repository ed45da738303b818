// What if a device model were faster? Whatever its speed is known from changes alike, so that other models stay as they are.
import { indexCatalogue } from '#control-plane/model/catalogue-index.ts'
import { throughputKey } from '#control-plane/model/snapshot.ts'
import { throughputFor } from '../throughput.ts'
import { withSpec, type Applied, type Question } from './question.ts'
import type { WhatIf } from './what-if.ts'

export function changeSpeed(question: Question, whatIf: WhatIf & { readonly kind: 'speed' }): Applied {
  const { deviceModel: model, change } = whatIf
  const { input, catalogue } = question
  const { spec, samplesPerSecond: measured } = input
  const { bundleDigest } = spec.function
  const known = new Map(Object.entries(measured).map(([name, value]) => [throughputKey(bundleDigest, name), value]))
  const now = throughputFor(spec, known, indexCatalogue(catalogue))(model)
  if (now === null) {
    const names = catalogue.deviceModels.map(({ name }) => name).join(', ')
    return `nothing is known of the speed of ${model}; the catalogue has ${names}`
  }
  const factor = change.kind === 'times' ? change.factor : change.value / now.samplesPerSecond
  if (!(factor > 0)) return 'a device without speed trains nothing; write a number above 0'
  const scaled = (values: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, isOf(name, model) ? value * factor : value]),
    )
  const next = withSpec(question, {
    resources: { ...spec.resources, samplesPerSecond: scaled(spec.resources.samplesPerSecond) },
  })
  return {
    input: { ...next.input, samplesPerSecond: scaled(measured) },
    catalogue: {
      ...catalogue,
      deviceModels: catalogue.deviceModels.map((each) =>
        each.name === model ? { ...each, relativeSpeed: each.relativeSpeed * factor } : each,
      ),
    },
  }
}

/** Of whole units and of shares. */
function isOf(unit: string, model: string): boolean {
  return unit === model || unit.startsWith(`${model}~`)
}

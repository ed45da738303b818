// All autoscaling policies by name, for agents and replays alike. Each knows its own memory only, which others hand back to it unread.
import { invalid } from '#runtime/errors.ts'
import type { Autoscaler } from './autoscaler.ts'
import { dilu } from './dilu.ts'
import { fastGshare } from './fast-gshare.ts'
import { fixed } from './fixed.ts'
import { hasGpu } from './has-gpu.ts'
import { hpa } from './hpa.ts'
import { hybrid } from './hybrid.ts'
import { keepWarm } from './keep-warm.ts'
import { knative } from './knative.ts'
import { ray } from './ray.ts'

/** That a function's file may name. */
export const autoscalerNames = ['hybrid', 'dilu', 'has-gpu', 'fast-gshare', 'knative', 'fixed'] as const
/** Beside those, to compare with. */
export const baselineNames = ['ray', 'hpa'] as const

export type AutoscalerName = (typeof autoscalerNames)[number] | (typeof baselineNames)[number]

export function isAutoscalerName(name: string): boolean {
  return name === '' || [...autoscalerNames, ...baselineNames].some((known) => known === name)
}

/** With idle windows round it, so that its last instance goes where none is allowed. '' is `hybrid`. */
export function autoscalerOf(name: string): Autoscaler {
  switch (name) {
    case '':
    case 'hybrid':
      return sealed(hybrid)
    case 'dilu':
      return sealed(dilu)
    case 'has-gpu':
      return sealed(hasGpu)
    case 'fast-gshare':
      return sealed(fastGshare)
    case 'knative':
      return sealed(knative)
    case 'fixed':
      return sealed(fixed)
    case 'ray':
      return sealed(ray)
    case 'hpa':
      return sealed(hpa)
  }
  const known = [...autoscalerNames, ...baselineNames].join(', ')
  throw invalid([{ field: 'autoscaler', description: `${JSON.stringify(name)} is none of ${known}` }])
}

function sealed<Memory>(policy: Autoscaler<Memory>): Autoscaler {
  const warm = keepWarm(policy)
  // Its own memory is all that it is ever given back.
  return { ...warm, decide: (view, memory) => warm.decide(view, memory as typeof warm.initial) }
}

// A view of the store as what decisions are made on. Its list of all instances is made only for who asks for it.
import type { Catalogue } from '#regions/catalogue.ts'
import type { Snapshot } from './model/snapshot.ts'
import type { View } from './store/store.ts'

export function snapshotOf(view: View, nowMs: number, catalogue: Catalogue): Snapshot {
  const { revision, jobs, functions, pipelines, agents, throughput, modelSizes, measuredLinks, paidUsd, kept } = view
  const { instancesByJob, instancesByRegion } = view
  const groups = {
    ...(instancesByJob === undefined ? {} : { instancesByJob }),
    ...(instancesByRegion === undefined ? {} : { instancesByRegion }),
  }
  const known = { throughput, modelSizes, measuredLinks, paidUsd, kept }
  return {
    revision,
    nowMs,
    catalogue,
    jobs,
    functions,
    pipelines,
    agents,
    get instances() {
      return view.instances
    },
    ...groups,
    ...known,
  }
}

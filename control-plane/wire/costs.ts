// GetCosts: what was asked for, checked; and the answer as a client sees it.
import type { Costs as WireCosts } from '#proto/generated/cloudless/v1/Costs.ts'
import type { GetCostsRequest__Output } from '#proto/generated/cloudless/v1/GetCostsRequest.ts'
import {
  costDimensions,
  dimensionNamed,
  type Comparison,
  type CostAmounts,
  type CostDimension,
  type CostGroup,
  type CostPoint,
  type JobCost,
  type LinkMonth,
  type UsageGap,
} from '#control-plane/model/costs.ts'
import { Checks, quote } from './checks.ts'
import { wireConfig } from './config.ts'

export type CostsRequest = {
  readonly jobIds: readonly string[]
  readonly fromMs: number
  /** 0: until now. */
  readonly toMs: number
  /** Null: everybody's. */
  readonly owner: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly groupBy: readonly CostDimension[]
  readonly currency: string
}

export type Costs = {
  readonly fromMs: number
  readonly toMs: number
  readonly total: CostAmounts
  readonly groupBy: readonly CostDimension[]
  readonly groups: readonly CostGroup[]
  readonly jobs: readonly JobCost[]
  readonly jobsTotal: number
  readonly comparisons: readonly Comparison[]
  readonly gaps: readonly UsageGap[]
  readonly gapsTotal: number
  readonly linkMonths: readonly LinkMonth[]
  readonly rate: {
    readonly currency: string
    readonly usd: number
    readonly catalogVersion: string
    readonly day: string
  }
  readonly catalogues: readonly { readonly hash: string; readonly version: string; readonly usd: number }[]
  readonly points: readonly CostPoint[]
}

export function decodeCostsRequest(
  request: GetCostsRequest__Output,
  usdPer: Readonly<Record<string, number>>,
): CostsRequest {
  const checks = new Checks()
  const { costJobIdsMax, costGroupsMax, labelsMax, textCharactersMax, labelCharactersMax } = wireConfig
  const jobIds = checks.list('job_ids', request.jobIds, costJobIdsMax)
  jobIds.forEach((id, i) => checks.name(`job_ids[${i}]`, id, wireConfig.idCharactersMax))
  checks.integer('from_ms', request.fromMs, { min: 0 })
  checks.integer('to_ms', request.toMs, { min: 0 })
  if (request.toMs > 0 && request.toMs <= request.fromMs)
    checks.note('to_ms', `is ${request.toMs}, not after from_ms ${request.fromMs}; give a later time, or 0 for now`)
  const owner = request.owner === undefined ? null : checks.text('owner', request.owner, textCharactersMax)
  const labels = Object.entries(request.labels)
  checks.list('labels', labels, labelsMax)
  for (const [key, value] of labels.slice(0, labelsMax)) {
    checks.name('labels', key, labelCharactersMax)
    checks.text(`labels.${key.slice(0, 80)}`, value, labelCharactersMax)
  }
  const groupBy = checks.list('group_by', request.groupBy, costGroupsMax).flatMap((word, i): CostDimension[] => {
    const dimension = dimensionNamed(checks.text(`group_by[${i}]`, word, textCharactersMax))
    const words = [...costDimensions, 'label:KEY'].join(', ')
    if (dimension === null) checks.note(`group_by[${i}]`, `is ${quote(word)}; use one of ${words}`)
    return dimension === null ? [] : [dimension]
  })
  const currency = request.currency === '' ? 'USD' : request.currency
  if (!Object.hasOwn(usdPer, currency)) {
    const known = Object.keys(usdPer).sort().join(', ')
    checks.note('currency', `is ${quote(currency)}, of which the catalogue states no rate; use one of ${known}`)
  }
  checks.done()
  const { fromMs, toMs } = request
  const by = groupBy.length === 0 ? (['region'] as const) : [...new Set(groupBy)]
  return { jobIds: [...new Set(jobIds)], fromMs, toMs, owner, labels: request.labels, groupBy: by, currency }
}

export function encodeCosts(costs: Costs): WireCosts {
  return {
    ...costs,
    groupBy: [...costs.groupBy],
    groups: costs.groups.map((group) => ({ ...group, key: [...group.key] })),
    jobs: costs.jobs.map(({ id, counterfactuals, labels, ...job }) => ({
      ...job,
      jobId: id,
      labels: { ...labels },
      counterfactuals: counterfactuals.map(({ isKnown, isAllowed, ...way }) => ({
        ...way,
        known: isKnown,
        allowed: isAllowed,
      })),
    })),
    comparisons: [...costs.comparisons],
    gaps: costs.gaps.map(({ isOpen, ...gap }) => ({ ...gap, open: isOpen })),
    linkMonths: [...costs.linkMonths],
    catalogues: [...costs.catalogues],
    points: costs.points.map((point) => ({ ...point, groupUsd: [...point.groupUsd] })),
  }
}

// The plan that a job runs by, in a few lines for `status`: what runs where, why it replaced the one before, what is on its way,
// and what it forecasts.
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { Plan__Output } from '#proto/generated/cloudless/v1/Plan.ts'
import { formatBytes, formatSeconds, formatTimeOfDay, formatUsd } from '../units.ts'
import type { Fact } from './facts.ts'
import { boundText, devicesText, exchangeText, placeText } from './plan.ts'
import { isWireKnown } from './plan-forecast.ts'

/** None of a job that has no plan in force. */
export function planFacts({ plan, spec, costUsd }: Pick<Job__Output, 'plan' | 'spec' | 'costUsd'>): readonly Fact[] {
  if (plan === null || plan.partitions.length === 0) return []
  const { movements, forecast, cause, exchange } = plan
  const budget = spec?.budget ?? null
  const isPassed = budget !== null && costUsd > budget.usd
  return [
    { title: 'plan', text: `${versionText(plan)}${placesText(plan)}` },
    ...(cause !== '' ? [{ title: 'because', text: cause }] : []),
    ...(exchange === null ? [] : [{ title: 'exchange', text: exchangeText(exchange) }]),
    ...(movements.length === 0 ? [] : [{ title: 'moving', text: movements.map(movementText).join('; ') }]),
    ...(forecast === null ? [] : [{ title: 'forecast', text: forecastText(plan, forecast) }]),
    ...(budget === null
      ? []
      : [{ title: 'budget', text: `${formatUsd(costUsd)} of ${formatUsd(budget.usd)} spent`, isTrouble: isPassed }]),
  ]
}

function versionText({ version, plannedAtMs }: Plan__Output): string {
  return version > 1 ? `${version}, since ${formatTimeOfDay(plannedAtMs)}: ` : ''
}

function placesText({ partitions }: Plan__Output): string {
  return partitions
    .map((partition) => {
      const { place, region, dataRegions } = partition
      const others = dataRegions.filter((from) => from !== (place || region) && from !== region)
      const data = others.length === 0 ? '' : ` with the data of ${others.join(', ')}`
      return `${placeText(partition)} ${devicesText(partition.allocations)}${data}`
    })
    .join('; ')
}

function movementText({ fromRegion, toRegion, bytes, usd }: Plan__Output['movements'][number]): string {
  return `${formatBytes(bytes)} from ${fromRegion} to ${toRegion}, ${formatUsd(usd)}`
}

/** Of the work that was left when the plan was made. */
function forecastText(plan: Plan__Output, forecast: NonNullable<Plan__Output['forecast']>): string {
  const parts = [
    formatSeconds(forecast.seconds),
    `${formatUsd(forecast.totalUsd)}${isWireKnown(plan) ? '' : ' without the WAN'}${plan.version > 1 ? ' for what was left' : ''}`,
    boundText(plan),
  ]
  return parts.filter((part) => part !== '').join(', ')
}

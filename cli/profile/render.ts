// A profile as text: what to ask for, and what that gives.
import { renderTable } from '../table.ts'
import type { Style } from '../output.ts'
import { formatPercent } from '../units.ts'
import type { Profiled, ShownProbe } from './run-profiler.ts'
import type { Target } from './target.ts'

export function renderProfile(target: Target, found: Profiled, style: Style): string {
  const { device, profile } = found
  const title = `${style.bold(target.name)} on ${device.model} (driver ${device.driverVersion}${device.isMps ? ', MPS' : ''})`
  if (profile === null) return `${title}\n${style.red('nothing does')}: ${found.because}`
  const perSecond = target.work === 'inference' ? 'requests/s' : 'steps/s'
  const row = (name: string, milli: number, speed: number, note: string): string[] => [
    name,
    formatPercent(milli / 1000),
    threeDigits(speed),
    note,
  ]
  const latency = profile.latencyMs === null ? '' : `${threeDigits(profile.latencyMs)} ms at batch ${profile.batch}`
  const table = renderTable(
    [{ head: 'share' }, { head: 'of GPU', align: 'right' }, { head: perSecond, align: 'right' }, { head: '' }],
    [
      row('request', profile.requestMilli, profile.requestPerSecond, latency),
      row('limit', profile.limitMilli, profile.limitPerSecond, ''),
    ],
    style,
  )
  const several = profile.instances > 1 ? [`${profile.instances} instances carry the rate, each with this share.`] : []
  const source = found.isRemembered ? 'remembered; --anew measures again' : `${profile.probes} probes`
  const share = `gpu_share: { request: ${profile.requestMilli / 1000}, limit: ${profile.limitMilli / 1000} }`
  const count = profile.points?.length ?? 0
  const points = `and ${style.bold('profile: auto')} for how long its batches take (${count} points; --json shows them)`
  return [
    title,
    table,
    ...several,
    `For its file: ${style.bold(share)}, or ${style.bold('gpu_share: auto')} from here on`,
    ...(count === 0 ? [] : [points]),
    style.dim(source),
  ].join('\n')
}

/** One probe, for the line that tells how far it is. */
export function probeText({ configuration, measurement }: ShownProbe): string {
  const where = `SM ${configuration.smMilli / 10} %, batch ${configuration.batch}`
  if (measurement === null) return `${where}: does not fit`
  return `${where}: ${threeDigits(measurement.latencyMs)} ms, ${threeDigits(measurement.throughputPerSecond)}/s`
}

/** Measured: more digits would be noise. */
export function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)))
}

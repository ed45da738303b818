// GPUs and what instances make of them now: one table for each GPU that is shared, a line for each that is handed out whole.
import type { DeviceUse__Output } from '#proto/generated/cloudless/v1/DeviceUse.ts'
import type { Region__Output } from '#proto/generated/cloudless/v1/Region.ts'
import type { RegionDevice__Output } from '#proto/generated/cloudless/v1/RegionDevice.ts'
import type { Style } from '../output.ts'
import { renderTable } from '../table.ts'
import { formatBrief, formatCount, formatPercent, formatSeconds } from '../units.ts'

export type DevicesNow = {
  readonly regions: readonly Region__Output[]
  /** In ascending order of region and device. */
  readonly devices: readonly RegionDevice__Output[]
}

export function renderDevices({ regions, devices }: DevicesNow, style: Style, nowMs: number): string {
  const there = regions.filter(({ agentState }) => agentState !== 'AGENT_STATE_ABSENT')
  if (there.length === 0)
    return 'no region has an agent yet, so nothing is known of devices; `cloudless up` starts some'
  const gpus = devices.filter(({ device }) => device?.model !== 'cpu')
  const blocks = there.flatMap((region): string[] => {
    const own = gpus.filter((each) => each.region === region.name)
    if (own.length === 0) return []
    const lines = own.map((each) => deviceText(each, region, style))
    return [[headOf(region, own, style, nowMs), ...lines].join('\n')]
  })
  const without = there.filter(({ name }) => !gpus.some(({ region }) => region === name)).map(({ name }) => name)
  const none =
    without.length === 0 ? [] : [`no GPUs: ${listed(without)} ${without.length === 1 ? 'has' : 'have'} CPUs only`]
  return [...blocks, ...none].join('\n\n')
}

function headOf(region: Region__Output, own: readonly RegionDevice__Output[], style: Style, nowMs: number): string {
  const shared = own.filter(isShared).length
  const uses = own.reduce((sum, each) => sum + each.uses.length, 0)
  const toldAtMs = Math.max(0, ...own.map((each) => each.toldAtMs))
  const age = toldAtMs === 0 ? 'never told' : `told ${formatSeconds(Math.max(0, nowMs - toldAtMs) / 1000)} ago`
  const text = `${counted(own.length, 'GPU')}, ${shared} shared by ${counted(uses, 'instance')}`
  const isLost = region.agentState === 'AGENT_STATE_LOST'
  const agent = isLost ? style.red(`agent lost, ${age}: what runs there is not known`) : style.dim(age)
  return `${style.bold(region.name)}  ${text}  ${agent}`
}

function deviceText(told: RegionDevice__Output, region: Region__Output, style: Style): string {
  const { device, uses } = told
  const memory = device === null || device.memoryBytes === 0 ? '' : `, ${gib(device.memoryBytes)} GiB`
  const name = `${device?.id ?? ''}  ${device?.model ?? ''}${memory}`
  if (!isShared(told)) {
    const version = region.agentVersion === '' ? '' : ` (version ${region.agentVersion})`
    return `${name}  ${style.dim(`handed out whole: its agent${version} does not share it`)}`
  }
  const how = device?.sharing === 'DEVICE_SHARING_INTERPOSER_MPS' ? 'shared under MPS' : 'shared in time slices'
  if (uses.length === 0) {
    const isLost = region.agentState === 'AGENT_STATE_LOST'
    return `${name}  ${how}${isLost ? '' : style.dim(', nothing runs on a share of it')}`
  }
  const sum = (of: (use: DeviceUse__Output) => number): number => uses.reduce((total, use) => total + of(use), 0)
  const requests = `requests ${part(sum(requestOf))} of 1, limits ${part(sum(limitOf))} of 1.5`
  const beside = device === null || device.besideBytes === 0 ? '' : ` and ${gib(device.besideBytes)} of shared weights`
  const now = `used ${part(sum((use) => use.usedMilli))}, memory ${gib(sum((use) => use.memoryBytes))} GiB${beside}`
  return `${name}  ${how}; ${requests}; ${now}\n${usesTable(uses, style)}`
}

function usesTable(uses: readonly DeviceUse__Output[], style: Style): string {
  const table = renderTable(
    [
      { head: 'instance' },
      { head: 'share', align: 'right' },
      { head: 'quota', align: 'right' },
      { head: 'used', align: 'right' },
      { head: 'latency' },
      { head: 'state' },
      { head: 'memory', align: 'right' },
      { head: 'bubbles' },
      { head: 'held back' },
      { head: 'why' },
    ],
    uses.map((use) => [
      use.instanceId,
      shareText(use),
      part(use.quotaMilli),
      part(use.usedMilli),
      latencyText(use, style),
      stateText(use.state, style),
      memoryText(use),
      use.bubbleSeconds > 0
        ? `${formatPercent(use.filledSeconds / use.bubbleSeconds)} of ${brief(use.bubbleSeconds)}`
        : '-',
      use.waits === 0 ? '-' : `${formatCount(use.waits)} × ${brief(use.waitedSeconds / use.waits)}`,
      use.reason,
    ]),
    style,
  )
  return table.replaceAll(/^/gm, '  ')
}

/** What is left until the objective is missed, as a share of it. */
function latencyText({ latencyMs, sloMs, sloPercentile }: DeviceUse__Output, style: Style): string {
  if (sloMs === 0) return latencyMs === 0 ? '-' : `${ms(latencyMs)} ms`
  const objective = `p${figure(sloPercentile)} ≤ ${ms(sloMs)} ms`
  if (latencyMs === 0) return `${objective}: no requests`
  const slack = 1 - latencyMs / sloMs
  const text = `${ms(latencyMs)} ms, ${slack >= 0 ? `${formatPercent(slack)} left` : `${formatPercent(-slack)} over`}`
  const colour = slack < 0 ? style.red : slack < tightSlack ? style.yellow : style.green
  return `${objective}: ${colour(text)}`
}

/** The manager takes back what it gave to others from here on. */
const tightSlack = 0.1

function memoryText({ memoryBytes, share }: DeviceUse__Output): string {
  const limit = share?.memoryBytes ?? 0
  return limit === 0 ? `${gib(memoryBytes)} GiB` : `${gib(memoryBytes)} of ${gib(limit)} GiB`
}

function stateText(state: string, style: Style): string {
  if (state === 'EMERGENCY') return style.red(state)
  if (state === 'CONTENTION' || state === 'BUSY') return style.yellow(state)
  return state === '' ? '-' : style.green(state)
}

export function isShared({ device }: RegionDevice__Output): boolean {
  return device !== null && device.sharing !== 'DEVICE_SHARING_UNSPECIFIED'
}

/** "0.40–0.60", on a part of the multiprocessors "0.40–0.60 on 24 %". */
function shareText({ share }: DeviceUse__Output): string {
  if (share === null) return 'whole'
  const onPart = share.smMilli === 0 ? '' : ` on ${figure(share.smMilli / 10)} %`
  return `${part(share.requestMilli)}–${part(share.limitMilli)}${onPart}`
}

/** Of the whole GPU. */
function requestOf({ share }: DeviceUse__Output): number {
  return areaOf(share?.requestMilli, share)
}

function limitOf({ share }: DeviceUse__Output): number {
  return areaOf(share?.limitMilli, share)
}

function areaOf(milli: number | undefined, share: DeviceUse__Output['share']): number {
  const smMilli = share?.smMilli ?? 0
  return ((milli ?? 1000) * (smMilli === 0 ? 1000 : smMilli)) / 1000
}

/** Of one GPU: 0.35. */
function part(milli: number): string {
  return (milli / 1000).toFixed(2)
}

function gib(bytes: number): string {
  const value = bytes / 2 ** 30
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}

function ms(value: number): string {
  return value >= 100 ? value.toFixed(0) : figure(Number(value.toPrecision(2)))
}

function brief(seconds: number): string {
  return seconds > 0 && seconds < 0.001 ? `${(seconds * 1e6).toFixed(0)} µs` : formatBrief(seconds)
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)))
}

function counted(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`
}

/** The first ones where there are many. */
function listed(names: readonly string[]): string {
  const more = names.length - namesShownMax
  return more > 0 ? `${names.slice(0, namesShownMax).join(', ')} and ${formatCount(more)} more` : names.join(', ')
}

const namesShownMax = 5

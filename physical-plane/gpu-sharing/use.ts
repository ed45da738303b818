// What each instance makes of its device: for metering, for `cloudless top` and for the sentences in both. Pure.

export type SharingState = '' | 'EMERGENCY' | 'RECOVERY' | 'CONTENTION' | 'BUSY' | 'PROBE' | 'OPEN'

export type InstanceUse = {
  readonly deviceId: string
  readonly instanceId: string
  readonly tag: bigint
  readonly requestMilli: number
  readonly limitMilli: number
  /** The part of the multiprocessors that those are of; absent: all. */
  readonly smMilli?: number
  /** Of the device's time in the last second, in thousandths. */
  readonly usedMilli: number
  /** Device time since it was registered, in seconds: for metering by differences. Only grows. */
  readonly usedSeconds: number
  /** Allowed now, in thousandths. */
  readonly quotaMilli: number
  readonly memoryBytes: number
  readonly memoryLimitBytes: number
  readonly processes: number
  readonly state: SharingState
  /** One sentence with numbers. */
  readonly reason: string
  readonly bubbleSeconds: number
  readonly filledSeconds: number
  readonly waits: number
  readonly waitedSeconds: number
  /** 0 where it has no objective, or nobody has measured yet. */
  readonly latencyMs: number
  readonly sloMs: number
  readonly sloPercentile: number
  /** At its limit, and still over its objective, for so long: more instances are needed. */
  readonly exhaustedSeconds: number
}

/** Sums of what an instance did. All only grow. */
export type Account = {
  readonly sinceNs: number
  readonly usedNs: number
  readonly waits: number
  readonly waitedNs: number
  readonly bubbleNs: number
  readonly filledNs: number
  /** Use in tenths of the window, newest last. */
  readonly recent: readonly Part[]
}

type Part = {
  readonly part: number
  readonly usedNs: number
  readonly waitedNs: number
  readonly bubbleNs: number
}

export function openAccount(nowNs: number): Account {
  return { sinceNs: nowNs, usedNs: 0, waits: 0, waitedNs: 0, bubbleNs: 0, filledNs: 0, recent: [] }
}

export type Spending = {
  readonly spentNs: number
  readonly waits: number
  readonly waitedNs: number
  /** Time in this tick that a training beside it was in a bubble. */
  readonly bubbleNs: number
}

export function addSpending(account: Account, spending: Spending, nowNs: number, windowMs: number): Account {
  const part = partOf(nowNs, windowMs)
  const last = account.recent.at(-1)
  const grown = {
    part,
    usedNs: spending.spentNs + (last?.part === part ? last.usedNs : 0),
    waitedNs: spending.waitedNs + (last?.part === part ? last.waitedNs : 0),
    bubbleNs: spending.bubbleNs + (last?.part === part ? last.bubbleNs : 0),
  }
  const before = last?.part === part ? account.recent.slice(0, -1) : account.recent
  return {
    sinceNs: account.sinceNs,
    usedNs: account.usedNs + spending.spentNs,
    waits: account.waits + spending.waits,
    waitedNs: account.waitedNs + spending.waitedNs,
    bubbleNs: account.bubbleNs + spending.bubbleNs,
    filledNs: account.filledNs + Math.min(spending.spentNs, spending.bubbleNs),
    recent: [...before.filter((old) => old.part > part - parts), grown],
  }
}

/** Of the device's time over the window that ends now, in thousandths; charged at launch, so never told above the whole. */
export function usedMilli(account: Account, nowNs: number, windowMs: number): number {
  return recently(account, nowNs, windowMs).usedMilli
}

export function recently(
  account: Account,
  nowNs: number,
  windowMs: number,
): { readonly usedMilli: number; readonly bubbleMilli: number; readonly waitedMs: number } {
  const part = partOf(nowNs, windowMs)
  const inWindow = account.recent.filter((old) => old.part > part - parts)
  const coveredNs = Math.min(
    nowNs - account.sinceNs,
    ((parts - 1) * windowMs * 1e6) / parts + (nowNs % ((windowMs * 1e6) / parts)),
  )
  const milli = (ns: number): number => (coveredNs <= 0 ? 0 : Math.min(1000, Math.round((1000 * ns) / coveredNs)))
  const usedNs = inWindow.reduce((total, { usedNs: ns }) => total + ns, 0)
  const bubbleNs = inWindow.reduce((total, { bubbleNs: ns }) => total + ns, 0)
  const waitedMs = inWindow.reduce((total, { waitedNs }) => total + waitedNs, 0) / 1e6
  return { usedMilli: milli(usedNs), bubbleMilli: milli(bubbleNs), waitedMs }
}

/** Never more than has passed: work launched ahead is told of when its time has come, and leaping counters are not paid for. */
export function usedSeconds(account: Account, nowNs: number): number {
  return Math.min(account.usedNs, nowNs - account.sinceNs) / 1e9
}

const parts = 10

function partOf(nowNs: number, windowMs: number): number {
  return Math.floor((nowNs * parts) / (windowMs * 1e6))
}

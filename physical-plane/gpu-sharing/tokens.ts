// Tokens: device time that a client may still spend, at its quota. The balance of an instance is common to its processes and
// never piles up beyond a burst, so that idling earns nothing; a large kernel passes on any balance and its debt is carried,
// up to a bound, so that no counter stops a client for ever. Pure.
import type { SharingConfig } from './config.ts'
import type { Role } from './gpu-sharing.ts'

type Config = SharingConfig['tokens']

export function fullBalanceNs(quotaMilli: number, role: Role, config: Config): number {
  const burstMs = role === 'protected' ? config.protectedBurstMs : config.confinedBurstMs
  return burstMs * 1e6 * (quotaMilli / 1000)
}

export function nextBalanceNs(
  balanceNs: number,
  spentNs: number,
  elapsedNs: number,
  client: { readonly quotaMilli: number; readonly role: Role },
  config: Config,
): number {
  const share = client.quotaMilli / 1000
  const earned = balanceNs - spentNs + elapsedNs * share
  return Math.min(
    Math.max(earned, -config.debtMsMax * 1e6 * share),
    fullBalanceNs(client.quotaMilli, client.role, config),
  )
}

/** What line C of a process says: its own count and what its instance has left. */
export function grantedNs(spentCountNs: number, balanceNs: number): number {
  return spentCountNs + Math.max(0, Math.floor(balanceNs))
}

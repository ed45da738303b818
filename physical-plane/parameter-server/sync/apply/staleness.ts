// How much an update counts that describes a model of some steps ago: 1 / (1 + staleness)^exponent, nothing at all
// beyond a limit. Staleness is counted in local steps since the basis that the sender accumulated from.
import type { SyncSettings } from '#proto/sync/settings.ts'

/** The factor on the update, 0 to 1; null where it is too stale to be used. */
export function stalenessFactor(
  stalenessSteps: number,
  { stalenessExponent, stalenessMax }: Pick<SyncSettings, 'stalenessExponent' | 'stalenessMax'>,
): number | null {
  const steps = Math.max(0, stalenessSteps)
  if (stalenessMax > 0 && steps > stalenessMax) return null
  return 1 / (1 + steps) ** stalenessExponent
}

// Settings as the wire has them: everything that the strategy offers and that means something, so that people see the
// defaults too. Resolving it again gives the same settings.
import type { SyncSpec } from '../generated/cloudless/v1/SyncSpec.ts'
import type { SyncContext } from './check-sync.ts'
import { optionNames, options } from './options.ts'
import { deviations } from './resolve-sync.ts'
import type { SyncSettings } from './settings.ts'
import { strategies } from './strategies.ts'
import type { OptionName } from './strategy.ts'

export function encodeSync(settings: SyncSettings, context: SyncContext): SyncSpec {
  const strategy = (context.strategies ?? strategies).get(settings.strategy)
  const parts = strategy?.parts(settings)
  const deviating = deviations(settings, context)
  const isMeant = (name: OptionName): boolean => {
    if (strategy === undefined || parts === undefined || !Object.hasOwn(strategy.defaults, name)) return false
    return options[name].need?.isMet(settings, parts) ?? true
  }
  const values = optionNames
    .filter((name) => settings[name] !== null && (isMeant(name) || deviating.has(name)))
    .map((name) => [name, settings[name]])
  return { strategy: settings.strategy, ...Object.fromEntries(values) }
}

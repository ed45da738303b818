// What a job gives for its synchronisation, with every default filled in, and everything that is wrong with it.
import { checkSync, type SyncContext, type SyncViolation } from './check-sync.ts'
import { optionNames, options } from './options.ts'
import type { SyncSettings } from './settings.ts'
import { defaultStrategy, strategies } from './strategies.ts'
import type { Defaults, OptionName } from './strategy.ts'

/** As it comes from the wire or a job file: absent and null are unset, and so are 0 and '' where 0 is no value. */
export type GivenSync = { readonly strategy?: string | null | undefined } & {
  readonly [Name in OptionName]?: string | number | null | undefined
}

export type ResolvedSync = {
  /** Wrong values are in it as they were given. */
  readonly settings: SyncSettings
  /** Empty when the settings can be used. */
  readonly violations: readonly SyncViolation[]
}

export function resolveSync(given: GivenSync, context: SyncContext): ResolvedSync {
  const strategy =
    given.strategy === undefined || given.strategy === null || given.strategy === '' ? null : given.strategy
  const name = strategy ?? defaultStrategy
  const set = new Set(optionNames.filter((option) => isSet(option, given[option])))
  const defaults = defaultsOf(name, context)
  const values = optionNames.map((option) => [option, set.has(option) ? given[option] : defaults[option]])
  const settings = { strategy: name, ...Object.fromEntries(values) } as SyncSettings
  return { settings, violations: checkSync(settings, context, set) }
}

/** What is wrong with settings that may have been made by hand: whatever is no default is taken as set. */
export function violationsOf(settings: SyncSettings, context: SyncContext): readonly SyncViolation[] {
  return checkSync(settings, context, deviations(settings, context))
}

/** The options that are not as the strategy has them by itself. */
export function deviations(settings: SyncSettings, context: SyncContext): ReadonlySet<OptionName> {
  const defaults = defaultsOf(settings.strategy, context)
  return new Set(optionNames.filter((name) => settings[name] !== defaults[name]))
}

/** What each option is when a job of so many regions does not set it. */
export function defaultsOf(strategy: string, context: SyncContext): Required<Defaults> {
  const known = (context.strategies ?? strategies).get(strategy)
  return { ...neutral, ...known?.defaults, ...known?.defaultsFor?.(Math.max(1, context.regions)) } as Required<Defaults>
}

const neutral = Object.fromEntries(optionNames.map((name) => [name, options[name].neutral]))

function isSet(name: OptionName, value: unknown): boolean {
  if (value === undefined || value === null) return false
  return options[name].hasPresence === true || (value !== 0 && value !== '')
}

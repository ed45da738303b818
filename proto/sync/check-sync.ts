// Whether settings make sense: each value within its bounds, an option of its strategy, with a meaning beside the others,
// and none that contradict each other. Every problem is named, in the words of the wire.
import { nearestNames } from '#runtime/nearest-names.ts'
import { impossiblePairs } from './check-parts.ts'
import { optionNames, options, type Domain, type Option } from './options.ts'
import type { SyncSettings } from './settings.ts'
import { strategies, type Strategies } from './strategies.ts'
import type { Bounds, OptionName, Strategy } from './strategy.ts'

export type SyncContext = {
  /** Regions of the job that hold data. */
  readonly regions: number
  readonly strategies?: Strategies
}

export type SyncViolation = {
  /** The option as the wire calls it: `merge_weight`. */
  readonly field: string
  /** The value found and how to fix it. */
  readonly description: string
}

/** `set` are the options that somebody gave a value; the rest are defaults and right by themselves. */
export function checkSync(
  settings: SyncSettings,
  context: SyncContext,
  set: ReadonlySet<OptionName>,
): readonly SyncViolation[] {
  const map = context.strategies ?? strategies
  const strategy = map.get(settings.strategy)
  const found = optionNames
    .filter((name) => set.has(name))
    .flatMap((name) => {
      const because = wrongWithOption(name, settings, strategy)
      return because === null ? [] : [{ field: options[name].wireName, description: because }]
    })
  if (strategy === undefined)
    return [{ field: 'strategy', description: unknownStrategy(settings.strategy, map) }, ...found]
  // Values that are wrong by themselves would only be blamed a second time.
  return found.length > 0
    ? found
    : [...partContradictions(settings, strategy), ...contradictions(settings, strategy, context.regions)]
}

/** The strategy itself is made wrong, which no job can repair. */
function partContradictions(settings: SyncSettings, { name, parts }: Strategy): readonly SyncViolation[] {
  return impossiblePairs(parts(settings)).map(({ description }) => {
    return { field: 'strategy', description: `${name} can not work: ${description}` }
  })
}

function wrongWithOption(name: OptionName, settings: SyncSettings, strategy: Strategy | undefined): string | null {
  const option = options[name]
  const value = settings[name]
  if (strategy === undefined) return wrongInDomain(option.domain, value)
  if (!Object.hasOwn(strategy.defaults, name)) {
    const offered = optionNames.filter((one) => Object.hasOwn(strategy.defaults, one))
    const names = offered.map((one) => options[one].wireName).join(', ')
    return `is no option of ${strategy.name}; drop it, or use ${names}`
  }
  const because = wrongInDomain(narrowed(option.domain, strategy.limits?.[name]), value, strategy.name)
  if (because !== null) return because
  return wrongBesideOthers(option, settings, strategy)
}

function wrongBesideOthers({ need }: Option, settings: SyncSettings, strategy: Strategy): string | null {
  if (need === undefined || need.isMet(settings, strategy.parts(settings))) return null
  return `means something only ${need.text}; drop it, or change what it goes with`
}

function narrowed(domain: Domain, limit: Bounds | readonly string[] | undefined): Domain {
  if (limit === undefined) return domain
  if (domain.kind === 'choice') return Array.isArray(limit) ? { kind: 'choice', choices: limit } : domain
  return 'min' in limit ? { kind: domain.kind, ...limit } : domain
}

function wrongInDomain(domain: Domain, value: unknown, strategyName?: string): string | null {
  const of = strategyName === undefined ? '' : ` with ${strategyName}`
  if (domain.kind === 'choice') {
    if (typeof value === 'string' && domain.choices.includes(value)) return null
    return `${quote(value)} is not known${of}; use ${domain.choices.join(' or ')}`
  }
  // Where only one value is left, something else was meant.
  const other = domain.min === domain.max ? ', or another strategy' : ''
  const isKind = domain.kind === 'whole' ? Number.isSafeInteger(value) : Number.isFinite(value)
  if (isKind && isWithin(domain, value as number)) return null
  return `${quote(value)} is out of bounds${of}; use ${boundsInWords(domain)}${other}`
}

export function isWithin({ min, max, isMinOpen, isMaxOpen }: Bounds, value: number): boolean {
  if (value < min || value > max) return false
  return !(isMinOpen === true && value === min) && !(isMaxOpen === true && value === max)
}

/** "a whole number from 1 to 64", "a number above 0 and below 1". */
export function boundsInWords(domain: Exclude<Domain, { readonly kind: 'choice' }>): string {
  const { kind, min, max, isMinOpen, isMaxOpen } = domain
  const what = kind === 'whole' ? 'a whole number' : 'a number'
  if (min === max) return String(min)
  if (isMinOpen !== true && isMaxOpen !== true) return `${what} from ${min} to ${max}`
  return `${what} ${isMinOpen === true ? 'above' : 'of at least'} ${min} and ${isMaxOpen === true ? 'below' : 'at most'} ${max}`
}

function contradictions(settings: SyncSettings, strategy: Strategy, regions: number): readonly SyncViolation[] {
  const { interval, intervalMin, intervalMax, fragments, graceMinMs, graceMaxMs, quorum } = settings
  const found: SyncViolation[] = []
  const note = (name: OptionName, description: string): void => {
    found.push({ field: options[name].wireName, description })
  }
  const isAdaptive = strategy.parts(settings).when === 'adaptive-interval'
  if (isAdaptive && intervalMin > intervalMax) {
    note('intervalMin', `${intervalMin} is above interval_max, ${intervalMax}; change one of them`)
  } else if (isAdaptive && interval !== 0 && (interval < intervalMin || interval > intervalMax)) {
    note('interval', `${interval} is outside of interval_min to interval_max; use ${intervalMin} to ${intervalMax}`)
  }
  const shortest = isAdaptive ? intervalMin : interval
  if (fragments > shortest) {
    note('fragments', `${fragments} parts do not fit into an interval of ${shortest} steps; use at most ${shortest}`)
  }
  if (graceMinMs > graceMaxMs) {
    note('graceMinMs', `${graceMinMs} is above grace_max_ms, ${graceMaxMs}; change one of them`)
  }
  if (quorum > Math.max(1, regions)) {
    note('quorum', `${quorum} contributions can never arrive from ${regions} regions; use at most ${regions}`)
  }
  return found
}

function unknownStrategy(given: unknown, known: Strategies): string {
  const names = [...known.keys()]
  const near = typeof given === 'string' ? nearestNames(given, names) : []
  if (near.length > 0) return `${quote(given)} is no synchronisation strategy; did you mean ${near.join(' or ')}?`
  return `${quote(given)} is no synchronisation strategy; use ${names.join(' or ')}`
}

/** What someone wrote, short enough for a message. */
function quote(value: unknown): string {
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : String(value)
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}

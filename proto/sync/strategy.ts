// A strategy is a named composition of five independent parts, and the options that it lets a job set. It is data: what
// the parts do is in physical-plane/parameter-server/sync/, one file per part.
import type { SyncSettings } from './settings.ts'

export type Parts = {
  /** How the moment of an exchange is chosen. */
  readonly when: 'fixed-interval' | 'adaptive-interval'
  /**
   * changes: sums of gradients with plain SGD, changes of parameters with any other optimiser; significant-changes: the
   * part of them that matters; delta: shared parameters minus local ones; model: the local parameters themselves.
   */
  readonly what: 'changes' | 'significant-changes' | 'delta' | 'model'
  /** Whether an exchange's error stays behind and goes along with the next one. */
  readonly codec: 'error-feedback' | 'exact'
  readonly apply: 'add' | 'mass-mean' | 'mean' | 'outer-nesterov' | 'outer-delayed-nesterov' | 'sparse-mean'
  /** independent: nobody waits for anybody; rounds: closed by a quorum and committed by a majority. */
  readonly membership: 'independent' | 'rounds'
  /** In rounds: whether local steps go on while one is under way. */
  readonly isOverlapped: boolean
}

export type OptionName = Exclude<keyof SyncSettings, 'strategy'>

export type Bounds = {
  readonly min: number
  readonly max: number
  /** The bound itself is not allowed. */
  readonly isMinOpen?: true
  readonly isMaxOpen?: true
}

export type Defaults = Partial<Omit<SyncSettings, 'strategy'>>

export type Strategy = {
  readonly name: string
  /** One sentence for people, with its source. */
  readonly summary: string
  /** The options that a job may set, with what they are otherwise. An option that is not here is refused. */
  readonly defaults: Defaults
  /** Defaults that depend on how many regions the job has; they count more than `defaults`, where each is named too. */
  readonly defaultsFor?: (regions: number) => Defaults
  /** What this strategy takes of an option where that is less than the option's own domain. */
  readonly limits?: { readonly [Name in OptionName]?: Bounds | readonly string[] }
  readonly parts: (settings: SyncSettings) => Parts
}

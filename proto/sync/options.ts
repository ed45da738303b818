// Every option of synchronisation: what it is called on the wire, its bounds, and what must hold for it to mean anything.
// Job files, the API and the parameter server all read this one table.
import { codecNames, type SyncSettings } from './settings.ts'
import type { Bounds, OptionName, Parts } from './strategy.ts'

export type Domain =
  | ({ readonly kind: 'whole' | 'number' } & Bounds)
  | { readonly kind: 'choice'; readonly choices: readonly string[] }

export type Need = {
  /** Completes "means something only ...". */
  readonly text: string
  readonly isMet: (settings: SyncSettings, parts: Parts) => boolean
}

export type Option = {
  /** As job files, the API's refusals and the .proto call it. */
  readonly wireName: string
  readonly domain: Domain
  readonly unit: string
  /** One sentence for people. */
  readonly help: string
  /** What a strategy that does not offer it has. */
  readonly neutral: SyncSettings[OptionName]
  /** The wire tells 0 from unset. Elsewhere 0 and the empty text are unset. */
  readonly hasPresence?: true
  /** Refused when set where this does not hold. */
  readonly need?: Need
}

const rounds: Need = {
  text: 'where regions meet in rounds',
  isMet: (_, { membership }) => membership === 'rounds',
}

const overlap: Need = {
  text: 'where local steps go on during a round',
  isMet: (_, { isOverlapped }) => isOverlapped,
}

const outerStep: Need = {
  text: 'where an outer optimiser applies rounds',
  isMet: (_, { apply }) => apply === 'outer-nesterov' || apply === 'outer-delayed-nesterov' || apply === 'sparse-mean',
}

const outerMomentum: Need = {
  text: 'where an outer optimiser has momentum, which codec sparse-loco replaces by error feedback',
  isMet: (_, { apply }) => apply === 'outer-nesterov' || apply === 'outer-delayed-nesterov',
}

const adaptive: Need = { text: 'where the interval adapts', isMet: (_, { when }) => when === 'adaptive-interval' }

export const options: { readonly [Name in OptionName]: Option } = {
  interval: {
    wireName: 'interval',
    domain: { kind: 'whole', min: 1, max: 100_000 },
    unit: 'local steps',
    help: 'Local steps between two exchanges of the whole model; where it adapts, those to begin with.',
    neutral: 1,
  },
  intervalMin: {
    wireName: 'interval_min',
    domain: { kind: 'whole', min: 1, max: 100_000 },
    unit: 'local steps',
    help: 'The shortest interval that is chosen, however fast the links are.',
    neutral: 1,
    need: adaptive,
  },
  intervalMax: {
    wireName: 'interval_max',
    domain: { kind: 'whole', min: 1, max: 100_000 },
    unit: 'local steps',
    help: 'The longest interval: where exchanges take longer the codec sends less, and where even that is too much steps wait.',
    neutral: 100_000,
    need: adaptive,
  },
  mode: {
    wireName: 'mode',
    domain: { kind: 'choice', choices: ['sum', 'mean', 'synchronous', 'asynchronous'] },
    unit: '',
    help: "Sum or mean of the regions' gradients (mean weighs by share of the data); or how models are averaged.",
    neutral: '',
  },
  codec: {
    wireName: 'codec',
    domain: { kind: 'choice', choices: codecNames },
    unit: '',
    help: 'What an exchange is compressed to; where the interval adapts, the codec to begin with.',
    neutral: 'fp32',
  },
  density: {
    wireName: 'density',
    domain: { kind: 'number', min: 0, max: 1, isMinOpen: true },
    unit: 'share of elements',
    help: 'Share of elements that top-k and sparse-loco send.',
    neutral: 0.01,
    need: {
      text: 'with codec top-k or sparse-loco',
      isMet: ({ codec }, { when }) => codec === 'top-k' || codec === 'sparse-loco' || when === 'adaptive-interval',
    },
  },
  feedbackDecay: {
    wireName: 'feedback_decay',
    domain: { kind: 'number', min: 0, max: 1, isMinOpen: true },
    unit: 'share',
    help: 'Share of what sparse-loco has left unsent that goes along with the next exchange; below 1 it fades.',
    neutral: 1,
    need: { text: 'with codec sparse-loco', isMet: ({ codec }) => codec === 'sparse-loco' },
  },
  fragments: {
    wireName: 'fragments',
    domain: { kind: 'whole', min: 1, max: 64 },
    unit: 'parts',
    help: 'Parts of the model that are exchanged in turn, each once per interval.',
    neutral: 1,
    need: overlap,
  },
  merge: {
    wireName: 'merge',
    domain: { kind: 'choice', choices: ['rebase', 'mix', 'overwrite'] },
    unit: '',
    help: 'What becomes of steps made during a round: rebase keeps them, mix blends them, overwrite loses them.',
    neutral: 'rebase',
    need: overlap,
  },
  mergeWeight: {
    wireName: 'merge_weight',
    domain: { kind: 'number', min: 0, max: 1 },
    unit: 'share',
    help: "The local model's weight in merge mix.",
    neutral: 0.5,
    hasPresence: true,
    need: { text: 'with merge mix', isMet: ({ merge }, { isOverlapped }) => isOverlapped && merge === 'mix' },
  },
  outerLearningRate: {
    wireName: 'outer_learning_rate',
    domain: { kind: 'number', min: 0, max: 10, isMinOpen: true },
    unit: '',
    help: 'Learning rate of the outer optimiser.',
    neutral: null,
    hasPresence: true,
    need: outerStep,
  },
  outerMomentum: {
    wireName: 'outer_momentum',
    domain: { kind: 'number', min: 0, max: 1, isMaxOpen: true },
    unit: '',
    help: 'Momentum of the outer optimiser.',
    neutral: null,
    hasPresence: true,
    need: outerMomentum,
  },
  outerDelay: {
    wireName: 'outer_delay',
    domain: { kind: 'whole', min: 1, max: 1_000 },
    unit: 'commits',
    help: 'Commits between two momentum steps of delayed Nesterov.',
    neutral: 1,
    need: {
      text: 'with delayed Nesterov',
      isMet: (_, { apply }) => apply === 'outer-delayed-nesterov',
    },
  },
  quorum: {
    wireName: 'quorum',
    domain: { kind: 'whole', min: 1, max: 1_000 },
    unit: 'regions',
    help: 'Contributions that may close a round; committing it always needs a majority of the regions.',
    neutral: 0,
    need: rounds,
  },
  graceMinMs: {
    wireName: 'grace_min_ms',
    domain: { kind: 'whole', min: 1, max: 3_600_000 },
    unit: 'ms',
    help: 'A round with its quorum waits at least this long for the others; left out, hierarchical does not wait.',
    neutral: 0,
    need: rounds,
  },
  graceMaxMs: {
    wireName: 'grace_max_ms',
    domain: { kind: 'whole', min: 1, max: 3_600_000 },
    unit: 'ms',
    help: 'A round with its quorum waits at most this long for the others; left out, hierarchical does not wait.',
    neutral: 0,
    need: rounds,
  },
  late: {
    wireName: 'late',
    domain: { kind: 'choice', choices: ['carry', 'drop'] },
    unit: '',
    help: 'What came too late for its round: carry takes its steps into the next one, drop forgets them.',
    neutral: 'carry',
    need: rounds,
  },
  delayCompensation: {
    wireName: 'delay_compensation',
    domain: { kind: 'number', min: 0, max: 100 },
    unit: '',
    help: "DC-ASGD's lambda, for gradients that were made with older parameters; 0 is off.",
    neutral: 0,
  },
  stalenessExponent: {
    wireName: 'staleness_exponent',
    domain: { kind: 'number', min: 0, max: 1 },
    unit: '',
    help: 'A gradient that is s steps old counts 1 / (1 + s)^exponent; 0 is off.',
    neutral: 0,
    hasPresence: true,
  },
  stalenessMax: {
    wireName: 'staleness_max',
    domain: { kind: 'whole', min: 0, max: 1_000_000 },
    unit: 'local steps',
    help: 'Updates that are older are left out for good by who gets them, and counted by sender; 0 is no limit.',
    neutral: 0,
  },
  pacing: {
    wireName: 'pacing',
    domain: { kind: 'choice', choices: ['proportional', 'even'] },
    unit: '',
    help: 'Local steps of a round: in proportion to the speed of each region, or as many everywhere.',
    neutral: 'even',
    need: rounds,
  },
  utilisation: {
    wireName: 'utilisation',
    domain: { kind: 'number', min: 0, max: 1, isMinOpen: true, isMaxOpen: true },
    unit: 'share of the interval',
    help: 'Share of its interval that an exchange may take; less makes intervals longer and leaves the links room.',
    neutral: 0.95,
    need: adaptive,
  },
  significance: {
    wireName: 'significance',
    domain: { kind: 'number', min: 0, max: 1, isMinOpen: true },
    unit: 'share of the parameter',
    help: 'A parameter is sent once it changed by this share of itself; falls with the square root of the exchanges.',
    neutral: 0.01,
    need: { text: 'with asp', isMet: (_, { what }) => what === 'significant-changes' },
  },
}

/** In the order of the table. */
export const optionNames = Object.keys(options) as readonly OptionName[]

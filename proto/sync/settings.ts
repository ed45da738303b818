// How the partitions of a job synchronise, with every default filled in. Both planes read it: the control plane to
// check and to forecast, the parameter server to do it.

export const codecNames = ['fp32', 'fp16', 'bf16', 'int8', 'int4', 'top-k', 'sparse-loco'] as const
export type CodecName = (typeof codecNames)[number]

export type SyncSettings = {
  readonly strategy: string
  /** Local steps between two exchanges; 0 lets `auto` begin with what its measurements say. */
  readonly interval: number
  readonly intervalMin: number
  readonly intervalMax: number
  readonly mode: '' | 'sum' | 'mean' | 'synchronous' | 'asynchronous'
  readonly codec: CodecName
  /** Share of elements that top-k and sparse-loco send. */
  readonly density: number
  /** Share of what sparse-loco has left unsent that goes along with the next exchange. */
  readonly feedbackDecay: number
  readonly fragments: number
  readonly merge: 'rebase' | 'mix' | 'overwrite'
  /** The local model's weight where `merge` is mix. */
  readonly mergeWeight: number
  /** Null: 0.7 and 0.9 with AdamW inside; 1 and 0, plain averaging, with SGD, and with codec sparse-loco. */
  readonly outerLearningRate: number | null
  readonly outerMomentum: number | null
  readonly outerDelay: number
  /** Contributions that may close a round; 0 is the majority of the job's regions. */
  readonly quorum: number
  readonly graceMinMs: number
  readonly graceMaxMs: number
  readonly late: 'carry' | 'drop'
  readonly delayCompensation: number
  readonly stalenessExponent: number
  /** 0 is no limit. */
  readonly stalenessMax: number
  readonly pacing: 'proportional' | 'even'
  readonly utilisation: number
  readonly significance: number
}

// What one run of one row left: taken from the job's own records (progress, log, ledger), nothing computed but seconds.
import { z } from 'zod'

const measurement = z.strictObject({ seconds: z.number(), value: z.number() })

/** A worker's account as the function prints it, among other keys. */
export const paceRecord = z.object({
  worker: z.string(),
  steps: z.int(),
  /** Steps whose real computation took longer than their pace. */
  stepsOverPace: z.int(),
  /** Seconds of emulated and of real computation, and from the first batch to the last step. */
  busySeconds: z.number(),
  realSeconds: z.number(),
  wallSeconds: z.number(),
})

export const runRecord = z.strictObject({
  /** World, row, variant and seed in one text: a run that is there is not repeated. */
  key: z.string(),
  world: z.string(),
  row: z.string(),
  seed: z.int(),
  learningRate: z.number(),
  sync: z.record(z.string(), z.union([z.number(), z.string()])),
  /** Why it did not train to its end; empty where it did. */
  failure: z.string(),
  /** Stopped at the limit, before its data were used. */
  wasCut: z.boolean(),
  /** From the first step to the end of the job. */
  seconds: z.number(),
  samples: z.int(),
  /** Held-out accuracy and bytes sent between regions, by seconds since the first step. */
  accuracy: z.array(measurement),
  wanBytes: z.array(measurement),
  /** Of the final model, on all held-out images; null where it was cut or failed. */
  finalAccuracy: z.number().nullable(),
  /** Billed, all of the job. */
  wanBytesTotal: z.number(),
  costUsd: z.number(),
  rounds: z.int(),
  /** Distinct hashes of the regions' final replicas: 1 is right. */
  finalModels: z.int(),
  paces: z.array(paceRecord),
  /** Of the regions' own word on how they synchronise, at the end. */
  reasons: z.array(z.string()),
  atMs: z.number(),
})

export type RunRecord = z.infer<typeof runRecord>
export type PaceRecord = z.infer<typeof paceRecord>

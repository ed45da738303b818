// A partition's durable state: one JSON document and named float32 vectors, taken at one moment. How it is kept is in
// checkpoints/object-checkpoints.ts; when it is written, in checkpointer.ts.

export type Snapshot = {
  /** Plain JSON. */
  readonly state: unknown
  /**
   * Nobody changes them any more, for ever: a vector that was in an earlier snapshot (the same object, not merely an equal
   * one) is taken to hold what it held then, and is neither hashed nor written again.
   */
  readonly vectors: Readonly<Record<string, Float32Array>>
}

export interface CheckpointStore {
  /** Resolves once the snapshot would survive the loss of power. */
  save(snapshot: Snapshot): Promise<void>
  /** The newest whole snapshot; null where there never was one. */
  load(): Promise<Snapshot | null>
}

/** For tests and simulations: durable as long as the object lives. */
export function memoryCheckpoints(): CheckpointStore {
  let saved: Snapshot | null = null
  return {
    save: (snapshot) => {
      saved = copyOf(snapshot)
      return Promise.resolve()
    },
    load: () => Promise.resolve(saved === null ? null : copyOf(saved)),
  }
}

function copyOf({ state, vectors }: Snapshot): Snapshot {
  const copies = Object.entries(vectors).map(([name, values]) => [name, values.slice()] as const)
  return { state: structuredClone(state), vectors: Object.fromEntries(copies) }
}

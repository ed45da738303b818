// Runs WebAssembly functions on the arena, one after another in the order in which they were asked for, like a stream
// of a GPU. The caller's own state may change at once; who reads a vector's elements outside of these functions waits
// until what was asked before has settled.

export interface ArenaCode {
  /** Operands are addresses, lengths and scalars. */
  run(name: string, ...operands: readonly number[]): void
  /** The function's result. */
  ask(name: string, ...operands: readonly number[]): Promise<number>
  /** Resolves once everything asked for so far is done. */
  settled(): Promise<void>
}

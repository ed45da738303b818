// Where a region keeps what must outlive its machines: named, immutable-or-replaced objects, as every cloud's object
// storage has them. Names are paths with '/'; a prefix ends with '/'. Whoever opens the same address sees the same objects.

export interface ObjectStore {
  /** For people: the address that it was opened with. */
  readonly address: string
  /**
   * Resolves once the object would survive the loss of power; before, and after a failure, it is there whole or not at
   * all. With `ifAbsent` an object that is there already stays as it is, and the answer is false.
   */
  put(name: string, content: Uint8Array, options?: { readonly ifAbsent?: boolean }): Promise<boolean>
  /** Null where there is none. The bytes are the caller's. */
  get(name: string): Promise<Uint8Array | null>
  /** Names under the prefix, however deep, ascending. */
  list(prefix: string): Promise<readonly string[]>
  /** What the objects under the prefix weigh together; one that goes meanwhile may count or not. */
  bytes(prefix: string): Promise<number>
  /** Removing what is not there is no error. */
  remove(name: string): Promise<void>
  removeAll(prefix: string): Promise<void>
  /** Clears what interrupted puts under the prefix have left. One that still goes on fails. */
  sweep(prefix: string): Promise<void>
}

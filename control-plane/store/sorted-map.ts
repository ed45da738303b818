// A map whose values come in ascending order of key. Replacing a value keeps the order, so that the common change costs
// one copy of the list and no sort.

export class SortedMap<T> {
  readonly #values = new Map<string, T>()
  #keys: string[] | null = []
  #list: readonly T[] | null = []

  get(key: string): T | undefined {
    return this.#values.get(key)
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  get isEmpty(): boolean {
    return this.#values.size === 0
  }

  set(key: string, value: T): void {
    if (!this.#values.has(key)) this.#keys = null
    this.#values.set(key, value)
    this.#list = null
  }

  delete(key: string): void {
    if (!this.#values.delete(key)) return
    this.#keys = null
    this.#list = null
  }

  /** The same list until the next change. */
  values(): readonly T[] {
    this.#keys ??= [...this.#values.keys()].sort()
    this.#list ??= this.#keys.map((key) => this.#values.get(key)!)
    return this.#list
  }
}

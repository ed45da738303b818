// The partial paths of a search, in flat arrays, and a binary heap of those that are still to be followed. The cheapest bound comes
// first; of equal ones the longer path, then the quicker, then the one that was made earlier. So the same question always has the same answer, and a whole
// path is never kept waiting by partial ones that can at best be as cheap.

const firstCapacity = 1_024

export class Frontier {
  /** By node: the node before it, its choice for the stage that it adds, stages chosen so far, time and cost of these, and the bound. */
  parents = new Int32Array(firstCapacity)
  choices = new Int32Array(firstCapacity)
  depths = new Int32Array(firstCapacity)
  times = new Float64Array(firstCapacity)
  costs = new Float64Array(firstCapacity)
  bounds = new Float64Array(firstCapacity)
  nodes = 0
  readonly #heap: number[] = []

  push(parent: number, choice: number, depth: number, time: number, cost: number, bound: number): void {
    if (this.nodes === this.parents.length) this.#grow()
    const node = this.nodes++
    this.parents[node] = parent
    this.choices[node] = choice
    this.depths[node] = depth
    this.times[node] = time
    this.costs[node] = cost
    this.bounds[node] = bound
    this.#siftUp(node)
  }

  /** -1 when there is none. */
  pop(): number {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined) return -1
    const last = heap.pop()!
    if (heap.length > 0) this.#siftDown(last)
    return first
  }

  #isBefore(one: number, other: number): boolean {
    const difference = this.bounds[one]! - this.bounds[other]!
    if (difference !== 0) return difference < 0
    const deeper = this.depths[one]! - this.depths[other]!
    if (deeper !== 0) return deeper > 0
    const slower = this.times[one]! - this.times[other]!
    return slower === 0 ? one < other : slower < 0
  }

  #siftUp(node: number): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(node)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.#isBefore(node, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = node
  }

  #siftDown(node: number): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && this.#isBefore(heap[below + 1]!, heap[below]!)) below += 1
      if (!this.#isBefore(heap[below]!, node)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = node
  }

  #grow(): void {
    const capacity = 2 * this.nodes
    const grownInts = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(capacity)
      to.set(from)
      return to
    }
    const grownFloats = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(capacity)
      to.set(from)
      return to
    }
    this.parents = grownInts(this.parents)
    this.choices = grownInts(this.choices)
    this.depths = grownInts(this.depths)
    this.times = grownFloats(this.times)
    this.costs = grownFloats(this.costs)
    this.bounds = grownFloats(this.bounds)
  }
}

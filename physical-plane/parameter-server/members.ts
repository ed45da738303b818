// The regions of the job as this one sees them: who belongs, where they listen, who was pruned. Membership and data
// shares come from the job, so that all regions agree on them; addresses and prunes from the control plane's address
// book, where a higher epoch replaces a lower one, however it came here: a region that hears the control plane tells the
// others. Where a region that calls says that it listens counts more than what the book said before.
import { assert } from '#runtime/assert.ts'

export type Member = { readonly region: string; readonly dataShare: number }
export type PeerAddress = { readonly region: string; readonly endpoint: string; readonly pruned: boolean }
export type AddressBook = {
  readonly epoch: number
  readonly peers: readonly PeerAddress[]
  /** Where contributions are to meet, as planned; empty or absent where nothing was. */
  readonly hub?: string | undefined
}

export class Members {
  readonly own: string
  /** All regions of the job, ascending. */
  readonly all: readonly string[]
  readonly #shares: ReadonlyMap<string, number>
  #book: AddressBook = { epoch: 0, peers: [] }
  #live: readonly string[]

  constructor(own: string, members: readonly Member[]) {
    this.own = own
    this.all = members.map(({ region }) => region).sort()
    this.#shares = new Map(members.map(({ region, dataShare }) => [region, dataShare]))
    this.#live = this.all
    assert(this.#shares.has(own), `region ${own} is not among the job's regions ${this.all.join(', ')}`)
  }

  /** Where the first parameters come from. */
  get root(): string {
    return this.all[0]!
  }

  get isAlone(): boolean {
    return this.all.length === 1
  }

  /** Not pruned, ascending, own included. */
  get live(): readonly string[] {
    return this.#live
  }

  get pruned(): readonly string[] {
    return this.all.filter((region) => !this.#live.includes(region))
  }

  /** Live regions but this one. */
  get peers(): readonly string[] {
    return this.#live.filter((region) => region !== this.own)
  }

  get book(): AddressBook {
    return this.#book
  }

  has(region: string): boolean {
    return this.#shares.has(region)
  }

  shareOf(region: string): number {
    return this.#shares.get(region) ?? 0
  }

  /** False where the book is not newer than the one at hand. */
  replace(book: AddressBook): boolean {
    if (book.epoch <= this.#book.epoch) return false
    const pruned = new Set(book.peers.filter((peer) => peer.pruned).map(({ region }) => region))
    this.#book = book
    // A region that was pruned by mistake goes on with itself; the others decide whether they take it back.
    this.#live = this.all.filter((region) => region === this.own || !pruned.has(region))
    return true
  }

  /** Where a region that called says that it listens; false where that is known. */
  called(region: string, endpoint: string): boolean {
    const known = this.#book.peers.find((peer) => peer.region === region)
    if (!this.has(region) || endpoint === '' || known?.endpoint === endpoint) return false
    const called = { region, endpoint, pruned: known?.pruned ?? false }
    const others = this.#book.peers.filter((peer) => peer.region !== region)
    this.#book = { ...this.#book, peers: [...others, called].sort((a, b) => (a.region < b.region ? -1 : 1)) }
    return true
  }
}

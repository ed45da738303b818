// Where the data of each region is to be had, as the agent said last.
import type { Members } from '#physical-plane/parameter-server/members.ts'
import { ChangeSignal } from '#physical-plane/parameter-server/change-signal.ts'

type Book = Pick<Members, 'book'>

export class Endpoints implements Book {
  readonly changed = new ChangeSignal()
  #book: Book['book'] = { epoch: 0, peers: [] }

  /** As lanes look at it. */
  get book(): Book['book'] {
    return this.#book
  }

  replace(epoch: number, data: readonly { readonly region: string; readonly endpoint: string }[]): void {
    if (epoch < this.#book.epoch) return
    this.#book = { epoch, peers: data.map((each) => ({ ...each, pruned: false })) }
    this.changed.notify()
  }

  /** Null while nobody listens there. */
  of(region: string): string | null {
    return this.#book.peers.find((peer) => peer.region === region)?.endpoint || null
  }

  async known(region: string, signal: AbortSignal): Promise<string> {
    for (;;) {
      const endpoint = this.of(region)
      if (endpoint !== null) return endpoint
      await this.changed.wait(signal)
    }
  }
}

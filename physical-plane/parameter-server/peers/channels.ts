// The connections to one region over which payloads are fetched. Several, because one TCP connection carries no more than
// its send buffer per round trip and one lost packet stops all that is behind it. They are opened when they are needed
// and all closed when the region moves.
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import type { RpcClient } from '#proto/rpc/service.ts'

/** All that is needed for fetching; whoever serves training data offers the same call. */
export type FetchClient = Pick<RpcClient<PeerServiceHandlers>, 'fetch'> & { readonly close: () => void }
export type PeerClient = RpcClient<PeerServiceHandlers> & FetchClient
/** Channel 0 is for watching; each other number is a connection of its own for fetching. */
export type OpenPeer = (endpoint: string, channel: number) => PeerClient
export type OpenChannel = (endpoint: string, channel: number) => FetchClient

export type Channel = { readonly number: number; readonly client: FetchClient; askedBytes: number }

export class Channels {
  readonly #open: OpenChannel
  #endpoint = ''
  #channels: Channel[] = []

  constructor(open: OpenChannel) {
    this.#open = open
  }

  get count(): number {
    return this.#channels.length
  }

  get endpoint(): string {
    return this.#endpoint
  }

  /** The one of `count` channels with the least under way. */
  pick(endpoint: string, count: number): Channel {
    if (endpoint !== this.#endpoint) {
      this.close()
      this.#endpoint = endpoint
    }
    const candidates = this.#channels.slice(0, count)
    const idle = candidates.find(({ askedBytes }) => askedBytes === 0)
    if (idle !== undefined) return idle
    if (candidates.length < count) return this.#openNext(endpoint)
    return candidates.reduce((best, channel) => (channel.askedBytes < best.askedBytes ? channel : best))
  }

  /** Ends what is under way on the channel; a new connection takes its place when one is needed. */
  drop(channel: Channel): void {
    this.#channels = this.#channels.filter((other) => other !== channel)
    channel.client.close()
  }

  close(): void {
    for (const channel of this.#channels.splice(0)) channel.client.close()
  }

  #openNext(endpoint: string): Channel {
    const used = new Set(this.#channels.map(({ number }) => number))
    let number = 1
    while (used.has(number)) number += 1
    const channel = { number, client: this.#open(endpoint, number), askedBytes: 0 }
    this.#channels.push(channel)
    return channel
  }
}

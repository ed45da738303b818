// Who gives the first parameters: one worker of the root, unless the root lost its disk and others have begun long ago.
import type { Members } from './members.ts'
import type { PeersView } from './rounds/peers-view.ts'

export class FirstParameters {
  readonly #attempt: number
  readonly #members: Members
  readonly #peers: PeersView
  #giver: string | null = null

  constructor(attempt: number, members: Members, peers: PeersView) {
    this.#attempt = attempt
    this.#members = members
    this.#peers = peers
  }

  /** Nobody gives them yet, as far as can be known now, and somebody here should. */
  get areWanted(): boolean {
    const { own, root, peers } = this.#members
    if (this.#giver !== null || own !== root) return false
    return this.#attempt === 1 || peers.every((region) => this.#peers.statusOf(region)?.hasBegun === false)
  }

  isGiver(workerId: string): boolean {
    return workerId === this.#giver
  }

  ask(workerId: string): void {
    this.#giver = workerId
  }

  left(workerId: string): void {
    if (this.isGiver(workerId)) this.#giver = null
  }
}

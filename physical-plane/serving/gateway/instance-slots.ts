// The instances of one function: who is there, who leaves with something still in flight, and which one gets the next request: the one
// with the least, and those that have equally little in turns; one that is silent only where nobody else has room.
import type { GatewayConfig } from './config.ts'
import { inFlightBounds } from './in-flight-limit.ts'
import type { InferBody } from './infer.ts'
import { InstanceSlot, type OpenClient } from './instance-slot.ts'
import type { RoutedFunction, RoutedInstance } from './routes.ts'

export type Wanted = {
  readonly body: Pick<InferBody, 'protocol'>
  /** Where it should go while that one has room. */
  readonly wishedId: string | null
  /** Where it should not, if there is another one. */
  readonly failedAt: string
}

export class InstanceSlots {
  readonly #open: OpenClient
  readonly #config: GatewayConfig
  #slots: InstanceSlot[] = []
  /** No more in the routes, with something still in flight. */
  readonly #leaving = new Set<InstanceSlot>()
  /** Where the search for the instance with the least begins, so that equal ones take turns. */
  #turn = 0

  constructor(open: OpenClient, config: GatewayConfig) {
    this.#open = open
    this.#config = config
  }

  /** In order of their ids. */
  get all(): readonly InstanceSlot[] {
    return this.#slots
  }
  get leaving(): readonly InstanceSlot[] {
    return [...this.#leaving]
  }

  update(route: RoutedFunction): { readonly hasAdded: boolean; readonly hasLost: boolean } {
    const bounds = inFlightBounds(route.batchMax, this.#config)
    const kept = this.#slots.filter((slot) => route.instances.some((instance) => slot.isSame(instance)))
    const hasLost = kept.length < this.#slots.length
    for (const slot of this.#slots) if (!kept.includes(slot)) this.#letGo(slot)
    const added = route.instances
      .filter((instance) => !kept.some((slot) => slot.isSame(instance)))
      .map((instance) => this.#back(instance) ?? new InstanceSlot(instance, bounds, this.#open, this.#config))
    this.#slots = [...kept, ...added].sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const slot of this.#slots) slot.boundsAre(bounds)
    return { hasAdded: added.length > 0, hasLost }
  }

  close(): void {
    for (const slot of this.#slots) this.#letGo(slot)
    this.#slots = []
  }

  limitAt(nowMs: number): number {
    return this.#slots.reduce((sum, slot) => sum + slot.limitAt(nowMs), 0)
  }

  /** False also while there are none: then nobody knows. */
  isMute(protocol: InferBody['protocol']): boolean {
    return this.#slots.length > 0 && !this.#slots.some((slot) => slot.speaks(protocol))
  }

  /** The one wished for where it has room; otherwise the one with the least. Not where the request was lost, if there is another. */
  choose({ body, wishedId, failedAt }: Wanted, nowMs: number): InstanceSlot | null {
    const { length } = this.#slots
    const hasOther = failedAt !== '' && this.#slots.some((slot) => slot.id !== failedAt && slot.speaks(body.protocol))
    let best: InstanceSlot | null = null
    let isBestSilent = false
    for (let step = 0; step < length; step += 1) {
      const slot = this.#slots[(this.#turn + step) % length]!
      if (!slot.speaks(body.protocol) || !slot.hasRoom(nowMs)) continue
      if (slot.id === failedAt && hasOther) continue
      const isSilent = slot.isSilentAt(nowMs)
      if (slot.id === wishedId && !isSilent) return slot
      const isBetter = isSilent === isBestSilent ? slot.inFlight < (best?.inFlight ?? Infinity) : isBestSilent
      if (best !== null && !isBetter) continue
      best = slot
      isBestSilent = isSilent
    }
    if (length > 0) this.#turn = (this.#turn + 1) % length
    return best
  }

  forgetIfGone(slot: InstanceSlot): void {
    if (slot.isLetGo && slot.inFlight === 0) this.#leaving.delete(slot)
  }

  /** One that left and is there again while it still works on something: that counts as before. */
  #back(instance: RoutedInstance): InstanceSlot | null {
    const slot = [...this.#leaving].find((one) => one.isSame(instance)) ?? null
    if (slot === null) return null
    this.#leaving.delete(slot)
    slot.comeBack()
    return slot
  }

  #letGo(slot: InstanceSlot): void {
    slot.letGo()
    if (slot.inFlight > 0) this.#leaving.add(slot)
  }
}

// Who holds each region: at most one agent, as long as it is heard. Kept in memory on the monotonic clock; after a
// restart of the control plane every agent that was connected has one lease time to come back.
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'

export type Holder = { readonly region: string; readonly agentId: string; readonly incarnation: number }
type Lease = Holder & { readonly expiresAtMs: number; readonly heardAtMs: number }

export class Leases {
  readonly #clock: Clock
  readonly #leaseMs: number
  readonly #leases = new Map<string, Lease>()

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock
    this.#leaseMs = leaseMs
  }

  /** Throws when another agent holds the region, or a later start of the same agent was seen. */
  take(holder: Holder, knownIncarnation: number): void {
    const { region, agentId, incarnation } = holder
    const held = this.#leases.get(region)
    if (held !== undefined && held.agentId !== agentId && this.isHeld(region)) {
      const seconds = Math.ceil((held.expiresAtMs - this.#clock.monotonicMs()) / 1000)
      throw new CloudlessError(
        'already-exists',
        'REGION_HELD',
        `region ${region} is held by agent ${held.agentId}, not ${agentId}; stop that agent, or wait ${seconds} s after it stopped`,
        { metadata: { region, agent_id: held.agentId } },
      )
    }
    const newest = held?.agentId === agentId ? Math.max(held.incarnation, knownIncarnation) : knownIncarnation
    if (incarnation < newest) {
      throw new CloudlessError(
        'already-exists',
        'OLD_INCARNATION',
        `agent ${agentId} said hello as start ${incarnation}, but start ${newest} was seen already; stop the older process`,
        { metadata: { region, agent_id: agentId } },
      )
    }
    this.#leases.set(region, { ...holder, ...this.#fresh() })
  }

  renew(holder: Holder): void {
    const held = this.#leases.get(holder.region)
    if (held?.agentId !== holder.agentId || held.incarnation !== holder.incarnation) return
    this.#leases.set(holder.region, { ...held, ...this.#fresh() })
  }

  isHeld(region: string): boolean {
    const held = this.#leases.get(region)
    return held !== undefined && held.expiresAtMs > this.#clock.monotonicMs()
  }

  /** When its last holder was heard, by the wall clock; null when it never had one. */
  heardAtMs(region: string): number | null {
    return this.#leases.get(region)?.heardAtMs ?? null
  }

  #fresh(): { readonly expiresAtMs: number; readonly heardAtMs: number } {
    return { expiresAtMs: this.#clock.monotonicMs() + this.#leaseMs, heardAtMs: this.#clock.now() }
  }
}

// From what a status names to numbers: fetched unless it is here or on its way, decoded, refused where it can not be what
// it claims. What was refused once its sha256 was right would be refused again: it is told once, forgotten, and not
// fetched for that round any more. A transfer that was damaged says nothing about what was sent.
import { CloudlessError, type FieldViolation } from '#runtime/errors.ts'
import { payloadMemory } from '../peers/payload-memory.ts'
import type { PeerFetcher } from '../peers/peer-side.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Layout } from '../replica/layout.ts'
import { malformedFrom } from '../sync/codec/malformed.ts'
import { createCodec } from '../sync/codec/create-codec.ts'
import type { HeardSources } from './heard-sources.ts'
import { JoinedFetch } from './joined-fetch.ts'
import type { Payloads } from './payloads.ts'
import { differencesOfPayload, planDiffers } from './plan-difference.ts'
import type { Cut } from './shared-parameters.ts'
import type { Payload } from './types.ts'
import { inWhole } from './whole-element.ts'

export type WantedPayload = {
  readonly region: string
  readonly payload: Payload
  readonly round: number
  /** The part of the model that it is of. */
  readonly cut: Cut
  readonly layout: Layout
  readonly codec: Payload['codec']
  readonly density: number
  /** What else is not as this region's plan has it. */
  readonly differences: readonly FieldViolation[]
  /** Another region is heard to have it, or something in its place: a silent one need not be waited for. */
  readonly isElsewhere: () => boolean
}

export type PayloadSourceLinks = {
  readonly fetcher: PeerFetcher
  readonly memory: VectorMemory
  readonly heard: HeardSources
}

export class PayloadSource {
  readonly #payloads: Payloads
  readonly #links: PayloadSourceLinks
  readonly #onRefused: (region: string, reason: string, text: string) => void
  readonly #underWay = new Map<string, JoinedFetch<void>>()
  #refused: ReadonlyMap<string, { readonly round: number; readonly error: CloudlessError }> = new Map()

  constructor(
    payloads: Payloads,
    links: PayloadSourceLinks,
    onRefused: (region: string, reason: string, text: string) => void,
  ) {
    this.#payloads = payloads
    this.#links = links
    this.#onRefused = onRefused
  }

  /** Why the payload can not be used in the round; null while nothing is known against it. */
  refusalOf(round: number, payload: Payload): CloudlessError | null {
    return this.#refused.get(nameOf(round, payload))?.error ?? null
  }

  /** Rounds before `round` are past. */
  forgetBefore(round: number): void {
    this.#refused = new Map([...this.#refused].filter(([, refused]) => refused.round >= round))
  }

  /** The vector, which the caller releases. Throws `invalid` after telling, once, who sent what can not be used. */
  async decoded(wanted: WantedPayload, signal: AbortSignal): Promise<Float32Array> {
    const { region, payload, round, cut, layout, codec, density } = wanted
    const { memory } = this.#links
    const { elements } = cut
    this.#throwIfRefused(wanted)
    const differences = [...wanted.differences, ...differencesOfPayload(payload, { elements, codec })]
    const differs = planDiffers(region, round, differences)
    // Bytes of this name may be here that somebody described rightly.
    if (differs !== null) throw this.refuse(wanted, differs)
    const bytes = await this.#bytes(wanted, signal)
    const vector = memory.allocate(elements)
    try {
      await createCodec(codec, { density, memory }).decode(bytes, vector)
      // Somebody else may have found them wrong meanwhile: then the bytes were gone before they were read.
      this.#throwIfRefused(wanted)
    } catch (error) {
      memory.release(vector)
      this.#throwIfRefused(wanted)
      const named = malformedFrom(region, layout, inWhole(error, cut))
      if (!(named instanceof CloudlessError) || named.kind !== 'invalid') throw named
      this.#payloads.forget(payload.sha256)
      throw this.refuse(wanted, named, `round ${round}: ${named.message}`)
    }
    return vector
  }

  /** From now on it is not fetched for that round, and what made it useless is told once. */
  refuse({ region, round, payload }: WantedPayload, error: CloudlessError, text = error.message): CloudlessError {
    const isNew = this.refusalOf(round, payload) === null
    this.#refused = new Map([...this.#refused, [nameOf(round, payload), { round, error }]])
    if (isNew) this.#onRefused(region, error.reason, text)
    return error
  }

  /** Kept with the round. */
  async #bytes(wanted: WantedPayload, signal: AbortSignal): Promise<Uint8Array> {
    const { region, payload, round } = wanted
    const kept = this.#payloads.get(payload.sha256)
    if (kept !== null) return kept
    const fetch = this.#joined(wanted)
    const isElsewhere = fetch.region === region ? wanted.isElsewhere : () => true
    await this.#links.heard.whileHeard(fetch.region, isElsewhere, signal, (either) => fetch.wait(either))
    const fetched = this.#payloads.get(payload.sha256)
    if (fetched !== null) return fetched
    this.#throwIfRefused(wanted)
    const text = `round ${round} was over before payload ${payload.sha256} of region ${region} was read`
    throw new CloudlessError('unavailable', 'ROUND_OVER', text)
  }

  /** What is on its way already, unless it comes from a region that is silent by now. */
  #joined(wanted: WantedPayload): JoinedFetch<void> {
    const { heard } = this.#links
    const {
      region,
      payload: { sha256 },
    } = wanted
    const underWay = this.#underWay.get(sha256)
    const isOfUse = underWay !== undefined && (underWay.region === region || heard.hears(underWay.region))
    if (isOfUse && !underWay.isGivenUp) return underWay
    const fetch = new JoinedFetch(region, (signal) => this.#fetch(wanted, signal))
    this.#underWay.set(sha256, fetch)
    void fetch.over.then(() => {
      if (this.#underWay.get(sha256) === fetch) this.#underWay.delete(sha256)
    })
    return fetch
  }

  async #fetch({ region, payload, round }: WantedPayload, signal: AbortSignal): Promise<void> {
    const { fetcher, memory } = this.#links
    const bytes = await fetcher.fetch(region, payload, signal)
    this.#payloads.keep(round, payload.sha256, bytes, () => payloadMemory(memory).release(bytes))
  }

  #throwIfRefused({ round, payload }: WantedPayload): void {
    const error = this.refusalOf(round, payload)
    if (error !== null) throw error
  }
}

/** The same bytes may be right in another round, or where they claim to be something else. */
function nameOf(round: number, { sha256, codec, elements }: Payload): string {
  return `${round} ${codec} ${elements} ${sha256}`
}

// From what a status names to numbers: fetched unless it is here, decoded, refused where it can not be what it claims.
import { present } from '#runtime/assert.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { payloadMemory } from '../peers/payload-memory.ts'
import type { PeerFetcher } from '../peers/peer-side.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { Layout } from '../replica/layout.ts'
import { malformedFrom } from '../sync/codec/malformed.ts'
import { createCodec } from '../sync/codec/create-codec.ts'
import type { Payloads } from './payloads.ts'
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
}

export class PayloadSource {
  readonly #payloads: Payloads
  readonly #fetcher: PeerFetcher
  readonly #memory: VectorMemory
  readonly #onRefused: (region: string, reason: string, text: string) => void

  constructor(
    payloads: Payloads,
    links: { readonly fetcher: PeerFetcher; readonly memory: VectorMemory },
    onRefused: (region: string, reason: string, text: string) => void,
  ) {
    this.#payloads = payloads
    this.#fetcher = links.fetcher
    this.#memory = links.memory
    this.#onRefused = onRefused
  }

  /** The bytes, kept with the round. */
  async bytes({ region, payload, round }: WantedPayload, signal: AbortSignal): Promise<Uint8Array> {
    const kept = this.#payloads.get(payload.sha256)
    if (kept !== null) return kept
    const bytes = await this.#fetcher.fetch(region, payload, signal)
    this.#payloads.keep(round, payload.sha256, bytes, () => payloadMemory(this.#memory).release(bytes))
    // Somebody else may have fetched the same meanwhile: then ours were given back.
    return present(this.#payloads.get(payload.sha256), 'what is kept')
  }

  /** The vector, which the caller releases. Throws `invalid` after telling who sent what can not be used. */
  async decoded(wanted: WantedPayload, signal: AbortSignal): Promise<Float32Array> {
    const { region, payload, round, cut, layout, codec, density } = wanted
    const { elements } = cut
    if (payload.elements !== elements || payload.codec !== codec) {
      const text = `region ${region} offers ${payload.elements} elements in ${payload.codec} for round ${round}, where ${elements} in ${codec} are exchanged`
      this.#onRefused(region, 'PLAN_DIFFERS', text)
      throw new CloudlessError('invalid', 'PLAN_DIFFERS', text)
    }
    const bytes = await this.bytes(wanted, signal)
    const vector = this.#memory.allocate(elements)
    try {
      await createCodec(codec, { density, memory: this.#memory }).decode(bytes, vector)
    } catch (error) {
      this.#memory.release(vector)
      const named = malformedFrom(region, layout, inWhole(error, cut))
      if (named instanceof CloudlessError && named.kind === 'invalid') {
        this.#onRefused(region, named.reason, `round ${round}: ${named.message}`)
      }
      throw named
    }
    return vector
  }
}
